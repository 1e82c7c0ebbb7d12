/* Memory in which a row is answered: on the stack, or of the heap for large students. */
#ifndef HPMKD_WORKSPACE_H
#define HPMKD_WORKSPACE_H

#include "arrays.h"
#include "pool.h"

#define HPMKD_ON_STACK 256

typedef struct {
    double *row, *doubles; /* cells; what hpmkd_code_of_row needs */
    float *singles;
    void *taken;
    double few_doubles[HPMKD_ON_STACK];
    float few_singles[HPMKD_ON_STACK];
} hpmkd_workspace;

/* Return 0, or -1 with a MemoryError. */
static inline int hpmkd_open(hpmkd_workspace *workspace, const uint32_t *words, int pooled)
{
    const size_t n_singles = pooled ? hpmkd_pool_n_singles(words) : hpmkd_n_singles(words);
    const size_t n_classes = pooled ? words[1] : hpmkd_n_classes(words);
    const size_t n_doubles = words[0] + HPMKD_N_DOUBLES(n_classes);
    double *taken = NULL;
    if (n_doubles > HPMKD_ON_STACK || n_singles > HPMKD_ON_STACK) {
        taken = PyMem_Malloc(n_doubles * sizeof(double) + n_singles * sizeof(float));
        if (taken == NULL) {
            PyErr_NoMemory();
            return -1;
        }
    }
    workspace->taken = taken;
    workspace->row = taken != NULL ? taken : workspace->few_doubles;
    workspace->doubles = workspace->row + words[0];
    workspace->singles = taken != NULL ? (float *)(void *)(taken + n_doubles)
                                       : workspace->few_singles;
    return 0;
}

static inline void hpmkd_close(hpmkd_workspace *workspace)
{
    if (workspace->taken != NULL)
        PyMem_Free(workspace->taken);
}

#endif
