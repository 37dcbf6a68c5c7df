#include "config.h"

#include "tests/keystore/plugin_util.h"

static const struct test tests[] = {
    { NULL, NULL },
};
const struct suite suite_plugin = { "plugin", tests };
