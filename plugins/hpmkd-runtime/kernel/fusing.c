/* Margins turned into probabilities, and those of members fused, by the arithmetic of students. */
#include "module.h"
#include "pool_blocks.h"

#include <stdlib.h>

/* Return 0, or -1 with an error, of two C-ordered arrays of which the second is written to. */
static int open_two(PyObject *read, PyObject *written, Py_buffer *in, Py_buffer *out)
{
    const int contiguous = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT;
    if (PyObject_GetBuffer(read, in, contiguous) != 0)
        return -1;
    if (PyObject_GetBuffer(written, out, contiguous | PyBUF_WRITABLE) != 0) {
        PyBuffer_Release(in);
        return -1;
    }
    return 0;
}

static int is_double(const Py_buffer *view, int n_dimensions)
{
    return strcmp(view->format, "d") == 0 && view->ndim == n_dimensions;
}

static PyObject *too_few(const char *message)
{
    PyErr_SetString(PyExc_TypeError, message);
    return NULL;
}

/* Turn margins (n, C) into probabilities (n, K); -1 if the shapes do not fit. */
PyObject *hpmkd_link_rows(PyObject *module, PyObject *const *given, Py_ssize_t count)
{
    Py_buffer in, out;
    long link;
    int fit;
    (void)module;
    if (count != 3)
        return too_few("link_rows() takes margins, link and out");
    link = PyLong_AsLong(given[1]);
    if ((link == -1 && PyErr_Occurred()) || open_two(given[0], given[2], &in, &out) != 0)
        return NULL;
    fit = is_double(&in, 2) && is_double(&out, 2) && link >= 0 && link <= 2
          && in.shape[0] == out.shape[0] && out.shape[1] == (link == 0 ? 2 : in.shape[1])
          && (link != 0 || in.shape[1] == 1);
    if (fit) {
        const double *const margins = in.buf;
        const size_t n_margins = (size_t)in.shape[1], width = (size_t)out.shape[1];
        double *const probabilities = out.buf;
        size_t r;
        for (r = 0; r < (size_t)in.shape[0]; r++)
            hpmkd_link(margins + r * n_margins, n_margins, (uint32_t)link,
                       probabilities + r * width);
    }
    PyBuffer_Release(&out);
    PyBuffer_Release(&in);
    return PyLong_FromLong(fit ? 0 : -1);
}

/* What is fused: probabilities (M, n, K) by their numbers. */
typedef struct {
    const double *predicted;
    double *out, *p;
    size_t n, n_classes;
    hpmkd_mix mix;
    hpmkd_fused state;
} job;

/* Lay out the rows of a block from one of (n, K) class by class. */
HPMKD_FUNCTION void read_block(
    const double *rows, size_t n_classes, size_t n_rows, size_t n_lanes, double *restrict lines)
{
    size_t r, c;
    for (c = 0; c < n_classes; c++)
        for (r = 0; r < n_lanes; r++)
            lines[c * n_lanes + r] = r < n_rows ? rows[r * n_classes + c] : 1.0;
}

HPMKD_VARIANTS static void fuse_all(job *one)
{
    hpmkd_fused *const state = &one->state;
    const size_t width = one->n_classes;
    size_t first, n, m;
    for (first = 0; first < one->n; first += n) {
        n = one->n - first < HPMKD_BLOCK ? one->n - first : HPMKD_BLOCK;
        state->n_rows = hpmkd_lanes(n);
        state->n = width * state->n_rows;
        hpmkd_begin(&one->mix, state);
        for (m = 0; m < one->mix.n_members; m++) {
            const double *const rows = one->predicted + (m * one->n + first) * width;
            read_block(rows, width, n, state->n_rows, one->p);
            hpmkd_fuse_member(&one->mix, m, one->p, state);
        }
        hpmkd_finish(&one->mix, state);
        hpmkd_write_block(state->mean, width, n, state->n_rows, one->out + first * width);
    }
}

/* Return 0, or -1 if there is no memory. */
static int fuse(job *one)
{
    const size_t line = one->n_classes * HPMKD_BLOCK;
    double *const workspace = malloc((3 * line + 2 * HPMKD_BLOCK) * sizeof(double));
    if (workspace == NULL)
        return -1;
    one->p = workspace;
    one->state.mean = workspace + line;
    one->state.logits = workspace + 2 * line;
    one->state.top = workspace + 3 * line;
    one->state.total = one->state.top + HPMKD_BLOCK;
    fuse_all(one);
    free(workspace);
    return 0;
}

/* How many numbers a pool of such members has, and its attention. */
static Py_ssize_t n_plain(const Py_buffer *predicted)
{
    return 3 * predicted->shape[0] + predicted->shape[2] + 2;
}

static Py_ssize_t n_attention(const Py_buffer *predicted)
{
    return (2 + predicted->shape[0]) * HPMKD_N_FEATURES;
}

static int go_together(const Py_buffer *predicted, const Py_buffer *numbers, const Py_buffer *out)
{
    return is_double(predicted, 3) && is_double(numbers, 1) && is_double(out, 2)
           && out->shape[0] == predicted->shape[1] && out->shape[1] == predicted->shape[2]
           && (numbers->shape[0] == n_plain(predicted)
               || numbers->shape[0] == n_plain(predicted) + n_attention(predicted));
}

/* Fuse probabilities (M, n, K) into (n, K); -1 if the shapes do not fit. */
PyObject *hpmkd_fuse_rows(PyObject *module, PyObject *const *given, Py_ssize_t count)
{
    Py_buffer predicted, numbers, out;
    int fit, failed = 0;
    (void)module;
    if (count != 3)
        return too_few("fuse_rows() takes predicted, numbers and out");
    if (open_two(given[0], given[2], &predicted, &out) != 0)
        return NULL;
    if (PyObject_GetBuffer(given[1], &numbers, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) != 0) {
        PyBuffer_Release(&out);
        PyBuffer_Release(&predicted);
        return NULL;
    }
    fit = go_together(&predicted, &numbers, &out);
    if (fit) {
        job one;
        one.predicted = predicted.buf;
        one.out = out.buf;
        one.n = (size_t)out.shape[0];
        one.n_classes = (size_t)out.shape[1];
        one.mix = hpmkd_read_mix(numbers.buf, (size_t)predicted.shape[0], one.n_classes,
                                 numbers.shape[0] > n_plain(&predicted));
        Py_BEGIN_ALLOW_THREADS
        failed = fuse(&one);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&numbers);
    PyBuffer_Release(&out);
    PyBuffer_Release(&predicted);
    if (failed != 0)
        return PyErr_NoMemory();
    return PyLong_FromLong(fit ? 0 : -1);
}
