/* base/ in a shared object: what tests/base/buildid.c loads and asks. */
#include "config.h"

#include "base/tee.h"

__attribute__((visibility("default"))) enum tee_err
probe_build_id(uint8_t ret[20]);

enum tee_err
probe_build_id(uint8_t ret[20])
{
    return tee_build_id(ret);
}
