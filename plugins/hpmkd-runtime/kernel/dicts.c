/* A dict, read and answered. */
#include "answers.h"
#include "module.h"
#include "workspace.h"

#include <math.h>

/* What a dict kernel is bound to: words, names of numbers, numbers of moments, and of each
 * category its name and the dict of its codes. */
enum { WORDS, NUMBERS, N_PARTS, CATEGORIES, N_BOUND };

/* Read a cell of a number column; whether it is a plain number or None. */
static int read_number(PyObject *cell, double *place)
{
    if (PyFloat_CheckExact(cell)) {
        *place = PyFloat_AsDouble(cell);
        return 1;
    }
    if (PyLong_CheckExact(cell) || PyBool_Check(cell)) {
        *place = PyLong_AsDouble(cell);
        if (*place == -1.0 && PyErr_Occurred()) { /* an integer beyond double */
            PyErr_Clear();
            return 0;
        }
        return 1;
    }
    *place = (double)NAN;
    return cell == Py_None;
}

/* Read the code of a cell of a category column; whether it is text or None. */
static int read_category(PyObject *cell, PyObject *levels, double *place)
{
    PyObject *code;
    *place = (double)NAN;
    if (!PyUnicode_CheckExact(cell))
        return cell == Py_None;
    code = PyDict_GetItemWithError(levels, cell);
    if (code == NULL)
        PyErr_Clear();
    else
        *place = PyFloat_AsDouble(code);
    return 1;
}

/* The cell of a name, borrowed; NULL if there is none. */
static PyObject *cell_of(PyObject *row, PyObject *name)
{
    PyObject *const cell = PyDict_GetItemWithError(row, name);
    if (cell == NULL)
        PyErr_Clear();
    return cell;
}

/* Read the numbers that moments were read as. */
static int read_parts(PyObject *parts, Py_ssize_t n_parts, double *cells)
{
    Py_ssize_t i;
    if (!PyTuple_CheckExact(parts) || PyTuple_Size(parts) != n_parts)
        return 0;
    for (i = 0; i < n_parts; i++)
        (void)read_number(PyTuple_GetItem(parts, i), &cells[i]);
    return 1;
}

/* Read numbers, moments, then categories; 0 unless all are plain. If there are moments, the row
 * is a tuple of the dict and of their numbers, a tuple again. */
static int read_row(PyObject *bound, PyObject *row, double *cells)
{
    PyObject *const numbers = PyTuple_GetItem(bound, NUMBERS);
    PyObject *const categories = PyTuple_GetItem(bound, CATEGORIES);
    const Py_ssize_t n_numbers = PyTuple_Size(numbers), n_categories = PyTuple_Size(categories);
    const Py_ssize_t n_parts = PyLong_AsSsize_t(PyTuple_GetItem(bound, N_PARTS));
    Py_ssize_t i;
    if (n_parts > 0) {
        if (!PyTuple_CheckExact(row) || PyTuple_Size(row) != 2)
            return 0;
        if (!read_parts(PyTuple_GetItem(row, 1), n_parts, cells + n_numbers))
            return 0;
        row = PyTuple_GetItem(row, 0);
    }
    if (!PyDict_CheckExact(row))
        return 0;
    for (i = 0; i < n_numbers; i++) {
        PyObject *const cell = cell_of(row, PyTuple_GetItem(numbers, i));
        if (cell == NULL || !read_number(cell, &cells[i]))
            return 0;
    }
    cells += n_numbers + n_parts;
    for (i = 0; i < n_categories; i++) {
        PyObject *const category = PyTuple_GetItem(categories, i);
        PyObject *const cell = cell_of(row, PyTuple_GetItem(category, 0));
        if (cell == NULL || !read_category(cell, PyTuple_GetItem(category, 1), &cells[i]))
            return 0;
    }
    return 1;
}

static inline PyObject *answer(PyObject *bound, PyObject *row, int pooled)
{
    const uint32_t *const words = hpmkd_words_of(PyTuple_GetItem(bound, WORDS));
    hpmkd_workspace workspace;
    size_t code = 0;
    int plain;
    if (hpmkd_open(&workspace, words, pooled) != 0)
        return NULL;
    plain = read_row(bound, row, workspace.row);
    if (plain)
        code = hpmkd_code(pooled, words, workspace.row, workspace.singles, workspace.doubles);
    hpmkd_close(&workspace);
    return plain ? PyLong_FromSize_t(code) : PyLong_FromLong(-1);
}

static PyObject *read_code(PyObject *bound, PyObject *row)
{
    return answer(bound, row, 0);
}

static PyObject *pool_read_code(PyObject *bound, PyObject *row)
{
    return answer(bound, row, 1);
}

static PyMethodDef kernels[] = {
    {"read_code", read_code, METH_O, NULL},
    {"pool_read_code", pool_read_code, METH_O, NULL},
};

/* Whether there are as many columns as cells, and each category has a dict of numbers. */
static int is_whole(PyObject *bound)
{
    const uint32_t *const words = hpmkd_words_of(PyTuple_GetItem(bound, WORDS));
    PyObject *const numbers = PyTuple_GetItem(bound, NUMBERS);
    PyObject *const categories = PyTuple_GetItem(bound, CATEGORIES);
    Py_ssize_t i, n_parts;
    if (!PyTuple_CheckExact(numbers) || !PyTuple_CheckExact(categories))
        return 0;
    n_parts = PyLong_AsSsize_t(PyTuple_GetItem(bound, N_PARTS));
    if (n_parts < 0 || PyTuple_Size(numbers) + n_parts + PyTuple_Size(categories) != words[0])
        return 0;
    for (i = 0; i < PyTuple_Size(categories); i++) {
        PyObject *const category = PyTuple_GetItem(categories, i);
        if (!PyTuple_CheckExact(category) || PyTuple_Size(category) != 2
            || !PyDict_Check(PyTuple_GetItem(category, 1)))
            return 0;
    }
    return 1;
}

/* Return the kernel of dicts, bound: (words, numbers, n_parts, categories, pooled). */
PyObject *hpmkd_bind_dict(PyObject *module, PyObject *const *given, Py_ssize_t count)
{
    PyObject *bound, *kernel = NULL;
    (void)module;
    if (count != N_BOUND + 1) {
        PyErr_SetString(PyExc_TypeError,
                        "read() takes words, numbers, n_parts, categories and pooled");
        return NULL;
    }
    if (hpmkd_require_words(given[WORDS]) != 0)
        return NULL;
    bound = PyTuple_Pack(N_BOUND, given[0], given[1], given[2], given[3]);
    if (bound == NULL)
        return NULL;
    if (is_whole(bound))
        kernel = PyCFunction_New(&kernels[PyObject_IsTrue(given[N_BOUND]) == 1], bound);
    else if (!PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "the columns are not those of the words");
    Py_DECREF(bound);
    return kernel;
}
