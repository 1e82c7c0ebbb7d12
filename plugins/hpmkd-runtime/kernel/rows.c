/* A row in an array: its class code, margins or probabilities. */
#include "answers.h"
#include "module.h"
#include "workspace.h"

#include <string.h>

#define WRONG PyLong_FromLong(-1)

/* The cells of an array as doubles. */
static const double *cells_of(PyObject *row, int number, size_t n, double *place)
{
    const float *const singles = (const float *)(const void *)hpmkd_data_of(row);
    size_t j;
    if (number == HPMKD_FLOAT_64)
        return (const double *)(const void *)hpmkd_data_of(row);
    for (j = 0; j < n; j++)
        place[j] = (double)singles[j];
    return place;
}

static inline PyObject *code(PyObject *bound, PyObject *row, int number, int pooled)
{
    const uint32_t *const words = hpmkd_words_of(bound);
    hpmkd_workspace workspace;
    const double *cells;
    size_t found;
    if (!hpmkd_fits(row, bound, words[0], number, HPMKD_ALIGNED))
        return WRONG;
    if (hpmkd_open(&workspace, words, pooled) != 0)
        return NULL;
    cells = cells_of(row, number, words[0], workspace.row);
    found = hpmkd_code(pooled, words, cells, workspace.singles, workspace.doubles);
    hpmkd_close(&workspace);
    return PyLong_FromSize_t(found);
}

/* Whether a call's objects are a row and, apart from it, a place for the answer, which is
 * written while the row is read. */
static int two_fit(
    PyObject *bound, PyObject *const *given, Py_ssize_t count, size_t width, int number)
{
    const size_t n = hpmkd_words_of(bound)[0];
    const char *row, *out;
    if (count != 2 || !hpmkd_fits(given[0], bound, n, number, HPMKD_ALIGNED))
        return 0;
    if (!hpmkd_fits(given[1], bound, width, HPMKD_FLOAT_64, HPMKD_ALIGNED | HPMKD_WRITEABLE))
        return 0;
    row = hpmkd_data_of(given[0]);
    out = hpmkd_data_of(given[1]);
    return out + width * sizeof(double) <= row
           || row + n * (number == HPMKD_FLOAT_32 ? 4 : 8) <= out;
}

static inline PyObject *values(
    PyObject *bound, PyObject *const *given, Py_ssize_t count, int number, hpmkd_answer what)
{
    const uint32_t *const words = hpmkd_words_of(bound);
    const size_t width = what == HPMKD_PROBABILITIES ? hpmkd_n_classes(words) : words[1];
    hpmkd_workspace workspace;
    const double *cells;
    double *out;
    if (!two_fit(bound, given, count, width, number))
        return WRONG;
    if (hpmkd_open(&workspace, words, what == HPMKD_PROBABILITIES_OF_POOL) != 0)
        return NULL;
    cells = cells_of(given[0], number, words[0], workspace.row);
    out = (double *)(void *)hpmkd_data_of(given[1]);
    hpmkd_write_answer(what, words, cells, out, workspace.singles, workspace.doubles);
    hpmkd_close(&workspace);
    return PyLong_FromLong(0);
}

#define CODE(name, number, pooled)                                                                \
    static PyObject *name(PyObject *bound, PyObject *row)                                         \
    {                                                                                             \
        return code(bound, row, number, pooled);                                                  \
    }
#define VALUES(name, number, what)                                                                \
    static PyObject *name(PyObject *bound, PyObject *const *given, Py_ssize_t count)              \
    {                                                                                             \
        return values(bound, given, count, number, what);                                         \
    }

CODE(code_32, HPMKD_FLOAT_32, 0)
CODE(code_64, HPMKD_FLOAT_64, 0)
CODE(pool_code_64, HPMKD_FLOAT_64, 1)
VALUES(margins_32, HPMKD_FLOAT_32, HPMKD_MARGINS)
VALUES(margins_64, HPMKD_FLOAT_64, HPMKD_MARGINS)
VALUES(probabilities_32, HPMKD_FLOAT_32, HPMKD_PROBABILITIES)
VALUES(probabilities_64, HPMKD_FLOAT_64, HPMKD_PROBABILITIES)
VALUES(pool_probabilities_64, HPMKD_FLOAT_64, HPMKD_PROBABILITIES_OF_POOL)

#define ONE(function) {#function, function, METH_O, NULL}
#define MANY(function) {#function, (PyCFunction)(void (*)(void))function, METH_FASTCALL, NULL}

/* By name: what, and bits of a cell; a pool has no margins. */
static PyMethodDef kernels[] = {
    ONE(code_32), ONE(code_64), ONE(pool_code_64), MANY(margins_32), MANY(margins_64),
    MANY(probabilities_32), MANY(probabilities_64), MANY(pool_probabilities_64),
};

/* Return the kernel of a name, such as "pool_code_64", bound to words. */
PyObject *hpmkd_bind_row(PyObject *module, PyObject *const *given, Py_ssize_t count)
{
    size_t i;
    (void)module;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "row() takes a name and words");
        return NULL;
    }
    if (hpmkd_require_words(given[1]) != 0)
        return NULL;
    for (i = 0; i < sizeof kernels / sizeof kernels[0]; i++)
        if (PyUnicode_CompareWithASCIIString(given[0], kernels[i].ml_name) == 0)
            return PyCFunction_New(&kernels[i], given[1]);
    PyErr_Format(PyExc_ValueError, "there is no kernel %R", given[0]);
    return NULL;
}
