// Deliberate faults. A trial must detect each of them, which shows that it works.
//
//     faults double_free|use_after_free|overread|leak|race|shared_writer
#include <pthread.h>

#include "test.h"

void called(const char *name) { (void)name; }

static void double_free(void)
{
    ww_pool *pool;
    OK(ww_pool_new(1, &pool));
    ww_pool_free(pool);
    ww_pool_free(pool);
}

// Reads a chunk's span after the chunk is freed.
static void use_after_free(void)
{
    ww_writer *writer = new_writer();
    ww_chunk *chunk;
    ww_span span;
    OK(ww_writer_write_atomic(writer, "hello", 5));
    OK(ww_writer_out_take(writer, SIZE_MAX, &chunk));
    OK(ww_chunk_span(chunk, &span));
    ww_writer_free(writer);
    ww_chunk_free(chunk);
    if (span.data[0] == 0x17)
        printf("still there\n");
}

// Passes a length that exceeds the memory, which makes the library read beyond it.
static void overread(void)
{
    ww_writer *writer = new_writer();
    uint8_t *bytes = calloc(1, 100);
    EXPECT(bytes != NULL);
    OK(ww_writer_write_atomic(writer, bytes, 101));
    free(bytes);
    ww_writer_free(writer);
}

// Leaks more than one object, because a pointer to the last can remain on the stack.
static void leak(void)
{
    for (int i = 0; i < 10; i++)
        (void)new_writer();
}

// Two threads fill memory that one reader has lent.
static void *fill(void *memory)
{
    for (size_t i = 0; i < 100; i++)
        ((ww_memory *)memory)->data[i] = (uint8_t)i;
    return NULL;
}

static void race(void)
{
    ww_reader *reader = new_reader();
    ww_memory memory;
    pthread_t threads[2];
    OK(ww_reader_in(reader, &memory));
    for (int i = 0; i < 2; i++)
        EXPECT(pthread_create(&threads[i], NULL, fill, &memory) == 0);
    for (int i = 0; i < 2; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0);
    ww_reader_free(reader);
}

// Two threads write to one writer, so the race is inside the library.
static void *write_hello(void *writer)
{
    size_t accepted;
    for (int i = 0; i < 50; i++)
        OK(ww_writer_write(writer, "hello", 5, &accepted));
    return NULL;
}

static void shared_writer(void)
{
    ww_writer *writer = new_writer();
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        EXPECT(pthread_create(&threads[i], NULL, write_hello, writer) == 0);
    for (int i = 0; i < 2; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0);
    ww_writer_free(writer);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } faults[] = {{"double_free", double_free},
                  {"use_after_free", use_after_free},
                  {"overread", overread},
                  {"leak", leak},
                  {"race", race},
                  {"shared_writer", shared_writer}};
    for (size_t i = 0; argc == 2 && i < sizeof faults / sizeof faults[0]; i++)
        if (strcmp(argv[1], faults[i].name) == 0) {
            faults[i].run();
            return 0;
        }
    return 2;
}
