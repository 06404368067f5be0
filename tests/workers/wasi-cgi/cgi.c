/* A program for WASI preview 1 that answers as CGI programs do: its environment, sorted, and
 * then what it read from its standard input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv) {
    size_t count = 0;
    while (environ != NULL && environ[count] != NULL)
        count++;
    qsort(environ, count, sizeof *environ, compare);

    const char *query = getenv("QUERY_STRING");
    if (query != NULL && strcmp(query, "exit=3") == 0) {
        fprintf(stderr, "leaving with status 3\n");
        return 3;
    }
    printf("Status: 201 Created\r\nContent-Type: text/plain\r\nX-Arguments: %d\r\n\r\n", argc);
    (void)argv;
    for (size_t i = 0; i < count; i++)
        printf("%s\n", environ[i]);
    printf("\n");
    char buffer[4096];
    size_t len;
    while ((len = fread(buffer, 1, sizeof buffer, stdin)) > 0)
        fwrite(buffer, 1, len, stdout);
    return 0;
}
