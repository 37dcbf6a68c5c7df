#include "config.h"

#include "daemon/td.h"

int
main(int argc, char **argv)
{
    (void)argv;
    return td_child(argc);
}
