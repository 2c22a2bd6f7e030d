// Runs the tests, and counts the calls of every function in the header.
#include "test.h"

// Generated from the header: lines of `FUNCTION(name)`.
typedef void any_function(void);
static struct {
    const char *name;
    any_function *function;
    unsigned calls;
} functions[] = {
#define FUNCTION(name) {#name, (any_function *)name, 0},
#include "functions.h"
};

enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

void called(const char *name)
{
    for (int i = 0; i < FUNCTIONS; i++)
        if (strcmp(functions[i].name, name) == 0) {
            functions[i].calls++;
            return;
        }
    fprintf(stderr, "%s is not in the header\n", name);
    exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: test CA CERTIFICATE KEY\n");
        return 2;
    }
    ca_path = argv[1];
    certificate_path = argv[2];
    key_path = argv[3];
    test_nulls();
    test_order();
    test_sizes();
    test_lives();
    test_page();

    unsigned calls = 0, never = 0;
    for (int i = 0; i < FUNCTIONS; i++) {
        calls += functions[i].calls;
        if (functions[i].function == NULL || functions[i].calls == 0) {
            printf("never called: %s\n", functions[i].name);
            never++;
        }
    }
    if (never > 0)
        return 1;
    printf("%d functions in the header, all of them called: %u calls\n", FUNCTIONS, calls);
    return 0;
}
