/* Answers by an exported file of C: cells.bin holds the rows as doubles. */
#include <stdio.h>
#include <time.h>
#include "exported.c"

#define MOST_CELLS (1 << 22)
static double cells[MOST_CELLS];

int main(int count, char **given) {
    const size_t width = STUDENT_COLUMNS, n_classes = STUDENT_CLASSES;
    FILE *stream = fopen(given[count - 1], "rb");
    if (!stream) return 1;
    const size_t n = fread(cells, sizeof(double), MOST_CELLS, stream) / width;
    fclose(stream);
    double out[STUDENT_CLASSES];
    student_probabilities(cells, out);
    printf("answered\n");
    fflush(stdout);
    double best = 1e9, kept = 0.0;
    for (int round = 0; round < 15; round++) {
        const clock_t begun = clock();
        for (int again = 0; again < 20; again++)
            for (size_t i = 0; i < n; i++) {
                student_probabilities(cells + i * width, out);
                kept += out[0];
            }
        const double taken = (double)(clock() - begun) / CLOCKS_PER_SEC / 20.0 / (double)n;
        best = taken < best ? taken : best;
    }
    printf("{\"row\": %.6f, \"kept\": %.17g, \"probabilities\": [", 1e6 * best, kept);
    for (size_t i = 0; i < n; i++) {
        student_probabilities(cells + i * width, out);
        for (size_t k = 0; k < n_classes; k++)
            printf("%s%.17g%s", k ? ", " : i ? ", [" : "[", out[k], k + 1 < n_classes ? "" : "]");
    }
    printf("]}\n");
    return 0;
}
