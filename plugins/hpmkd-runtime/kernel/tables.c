/* Many rows at once, without the GIL. */
#include "module.h"
#include "pool_blocks.h"

#include <stdlib.h>

/* What a call of a table is handed: matrix, words, whether probabilities are meant, out. */
typedef struct {
    Py_buffer matrix, words, out;
    int probable;
} call;

/* What is computed of it. */
typedef struct {
    hpmkd_matrix matrix;
    const uint32_t *words;
    double *out;
    size_t n_rows, width; /* of the answer */
    hpmkd_work work;
    double *lines[4]; /* of a block: a value per class and row each */
    double *top, *total;
} job;

static void close_call(call *given)
{
    PyBuffer_Release(&given->out);
    PyBuffer_Release(&given->words);
    PyBuffer_Release(&given->matrix);
}

/* Return 0, or -1 with an error where an object is no array of the kind. */
static int open_call(PyObject *const *objects, Py_ssize_t count, call *given)
{
    const int writeable = PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE | PyBUF_FORMAT;
    memset(given, 0, sizeof *given);
    if (count != 4) {
        PyErr_SetString(PyExc_TypeError, "a table takes matrix, words, probable and out");
        return -1;
    }
    given->probable = PyObject_IsTrue(objects[2]);
    if (given->probable < 0
        || PyObject_GetBuffer(objects[0], &given->matrix, PyBUF_STRIDES | PyBUF_FORMAT) != 0
        || PyObject_GetBuffer(objects[1], &given->words, PyBUF_CONTIG_RO | PyBUF_FORMAT) != 0
        || PyObject_GetBuffer(objects[3], &given->out, writeable) != 0) {
        close_call(given);
        return -1;
    }
    return 0;
}

static int is_of(const Py_buffer *view, const char *format, int n_dimensions)
{
    return strcmp(view->format, format) == 0 && view->ndim == n_dimensions;
}

/* Whether the sizes of what is handed in go together. */
static int fits(const call *given, int pooled)
{
    const int single = is_of(&given->matrix, "f", 2);
    const uint32_t *const words = given->words.buf;
    size_t width;
    if (!(single || is_of(&given->matrix, "d", 2)) || !is_of(&given->out, "d", 2))
        return 0;
    if (given->words.itemsize != sizeof *words || given->words.ndim != 1
        || given->words.shape[0] < HPMKD_HEADER_WORDS || (pooled && !given->probable))
        return 0;
    width = given->probable && !pooled ? hpmkd_n_classes(words) : words[1];
    return (size_t)given->matrix.shape[1] == words[0]
           && given->out.shape[0] == given->matrix.shape[0]
           && (size_t)given->out.shape[1] == width;
}

/* Return the memory of a job, which the caller frees; NULL if there is none. */
static void *take_workspace(job *one, hpmkd_sizes sizes)
{
    const size_t line = one->width * HPMKD_BLOCK;
    const size_t n_doubles = 4 * line + 2 * HPMKD_BLOCK + sizes.row;
    const size_t n_singles = sizes.cells + sizes.walked + sizes.total;
    double *const doubles =
        calloc(1, n_doubles * sizeof(double) + n_singles * sizeof(float));
    size_t i;
    if (doubles == NULL)
        return NULL;
    for (i = 0; i < 4; i++)
        one->lines[i] = doubles + i * line;
    one->top = doubles + 4 * line;
    one->total = one->top + HPMKD_BLOCK;
    one->work.row = one->total + HPMKD_BLOCK;
    one->work.cells = (float *)(void *)(doubles + n_doubles);
    one->work.walked = one->work.cells + sizes.cells;
    one->work.total = one->work.walked + sizes.walked;
    return doubles;
}

HPMKD_VARIANTS static void answer_all(const job *one, int probable)
{
    double *const sums = one->lines[0], *const linked = one->lines[1];
    size_t first, n;
    for (first = 0; first < one->n_rows; first += n) {
        n = one->n_rows - first < HPMKD_BLOCK ? one->n_rows - first : HPMKD_BLOCK;
        hpmkd_margins_of_block(one->words, &one->matrix, first, n, &one->work, sums);
        if (probable)
            hpmkd_link_block(sums, one->words[1], one->words[2], hpmkd_lanes(n), linked);
        hpmkd_write_block(probable ? linked : sums, one->width, n, hpmkd_lanes(n),
                          one->out + first * one->width);
    }
}

HPMKD_VARIANTS static void answer_all_by_pool(const job *one)
{
    hpmkd_fused state;
    size_t first, n;
    state.mean = one->lines[2];
    state.logits = one->lines[3];
    state.top = one->top;
    state.total = one->total;
    for (first = 0; first < one->n_rows; first += n) {
        n = one->n_rows - first < HPMKD_BLOCK ? one->n_rows - first : HPMKD_BLOCK;
        state.n_rows = hpmkd_lanes(n);
        state.n = one->width * state.n_rows;
        hpmkd_pool_block(one->words, &one->matrix, first, n, &one->work, one->lines[0],
                         one->lines[1], &state);
        hpmkd_write_block(
            state.mean, one->width, n, state.n_rows, one->out + first * one->width);
    }
}

static PyObject *answer(PyObject *const *objects, Py_ssize_t count, int pooled)
{
    call given;
    job one;
    void *workspace;
    if (open_call(objects, count, &given) != 0)
        return NULL;
    if (!fits(&given, pooled)) {
        close_call(&given);
        return PyLong_FromLong(-1);
    }
    one.matrix.data = given.matrix.buf;
    one.matrix.by_row = given.matrix.strides[0];
    one.matrix.by_column = given.matrix.strides[1];
    one.matrix.is_single = given.matrix.itemsize == sizeof(float);
    one.words = given.words.buf;
    one.out = given.out.buf;
    one.n_rows = (size_t)given.matrix.shape[0];
    one.width = (size_t)given.out.shape[1];
    Py_BEGIN_ALLOW_THREADS
    workspace = take_workspace(
        &one, pooled ? hpmkd_pool_sizes_of(one.words) : hpmkd_sizes_of(one.words));
    if (workspace != NULL && pooled)
        answer_all_by_pool(&one);
    else if (workspace != NULL)
        answer_all(&one, given.probable);
    free(workspace);
    Py_END_ALLOW_THREADS
    close_call(&given);
    return workspace != NULL ? PyLong_FromLong(0) : PyErr_NoMemory();
}

/* Write probabilities, or margins, of the rows of a matrix; -1 if a size or type is wrong. */
PyObject *hpmkd_table(PyObject *module, PyObject *const *given, Py_ssize_t count)
{
    (void)module;
    return answer(given, count, 0);
}

PyObject *hpmkd_pool_table(PyObject *module, PyObject *const *given, Py_ssize_t count)
{
    (void)module;
    return answer(given, count, 1);
}
