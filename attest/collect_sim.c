/* Evidence of the platform `simulated`: signed with what the root file says. */
#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

enum tee_err
att_collect_sim(const struct att_collect_req *req, const struct att_fields *v,
                struct att_collected *ret, struct tee_fault *f)
{
    enum tee_err err;

    if (req->sim_root == NULL)
        return tee_fault(f, TEE_E_ARG,
                         "the platform simulated needs its root file");
    if (req->statement.origin != ATT_TEE)
        return tee_fault(f, TEE_E_ARG,
                         "the platform simulated has no released keys");
    err = att_sim_write(req->sim_root, v->field, &ret->store);
    if (err != TEE_OK)
        return tee_fault(f, err, "simulated evidence could not be made: %s",
                         tee_err_name(err));
    ret->blobs.n = 1;
    ret->blobs.v[0] =
        (struct tee_blob){ TEE_STR(ATT_SIM_BLOB), tee_buf_view(&ret->store) };
    return TEE_OK;
}
