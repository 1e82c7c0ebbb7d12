/* NumPy arrays of one dimension, read where its C interface lays them out: asking for a buffer
 * takes as long as answering a row. hpmkd_check_layout compares the two, once. */
#ifndef HPMKD_ARRAYS_H
#define HPMKD_ARRAYS_H

#include "module.h"

#include <stdint.h>

/* NumPy's numbers for types and flags. */
#define HPMKD_FLOAT_32 11
#define HPMKD_FLOAT_64 12
#define HPMKD_ALIGNED 0x100
#define HPMKD_WRITEABLE 0x400

typedef struct {
    PyObject_HEAD
    PyTypeObject *scalar;
    char kind, letter, byte_order, flags;
    int number;
} hpmkd_dtype;

typedef struct {
    PyObject_HEAD
    char *data;
    int n_dimensions;
    Py_ssize_t *shape, *strides;
    PyObject *base;
    hpmkd_dtype *dtype;
    int flags;
} hpmkd_array;

/* Whether an object is an array like another: of this type, size, flags, and contiguous. */
static inline int hpmkd_fits(
    PyObject *object, PyObject *like, size_t size, int number, int flags)
{
    const hpmkd_array *const array = (const hpmkd_array *)object;
    const Py_ssize_t step = number == HPMKD_FLOAT_32 ? 4 : 8;
    if (Py_TYPE(object) != Py_TYPE(like) || array->n_dimensions != 1)
        return 0;
    if ((size_t)array->shape[0] != size || (size != 1 && array->strides[0] != step))
        return 0;
    return array->dtype->number == number && array->dtype->byte_order == '='
           && (array->flags & flags) == flags;
}

static inline const uint32_t *hpmkd_words_of(PyObject *array)
{
    return (const uint32_t *)(const void *)((const hpmkd_array *)array)->data;
}

static inline char *hpmkd_data_of(PyObject *array)
{
    return ((const hpmkd_array *)array)->data;
}

/* Return 0 if an object holds words: an array of uint32; else -1, with an error. */
int hpmkd_require_words(PyObject *object);

#endif
