#include "arrays.h"

#include <string.h>

/* Whether an array is laid out as a buffer of it says. */
static int is_as_said(const PyObject *object, const Py_buffer *view)
{
    const hpmkd_array *const array = (const hpmkd_array *)object;
    const int number = view->itemsize == 4 ? HPMKD_FLOAT_32 : HPMKD_FLOAT_64;
    const int flags = HPMKD_ALIGNED | HPMKD_WRITEABLE;
    return array->data == (char *)view->buf && array->n_dimensions == view->ndim
           && array->shape[0] == view->shape[0] && array->strides[0] == view->strides[0]
           && array->dtype->number == number && array->dtype->byte_order == '='
           && (array->flags & flags) == flags;
}

/* Compare new arrays of float32 and float64, of one dimension, with their buffers. */
PyObject *hpmkd_check_layout(PyObject *module, PyObject *const *arrays, Py_ssize_t count)
{
    Py_ssize_t i;
    (void)module;
    for (i = 0; i < count; i++) {
        Py_buffer view;
        int same;
        if (PyObject_GetBuffer(arrays[i], &view, PyBUF_STRIDES | PyBUF_FORMAT) != 0)
            return NULL;
        same = is_as_said(arrays[i], &view);
        PyBuffer_Release(&view);
        if (!same) {
            PyErr_SetString(PyExc_ImportError,
                            "this NumPy lays out its arrays as the kernel does not know it");
            return NULL;
        }
    }
    Py_RETURN_NONE;
}

int hpmkd_require_words(PyObject *object)
{
    Py_buffer view;
    int fits;
    if (PyObject_GetBuffer(object, &view, PyBUF_CONTIG_RO | PyBUF_FORMAT) != 0)
        return -1;
    fits = view.ndim == 1 && view.itemsize == 4 && view.shape[0] >= HPMKD_HEADER_WORDS
           && strchr("IL", view.format[0]) != NULL && view.format[0] != 0
           && hpmkd_data_of(object) == (char *)view.buf; /* other buffers keep it elsewhere */
    PyBuffer_Release(&view);
    if (!fits)
        PyErr_SetString(PyExc_TypeError, "words are a NumPy array of uint32, a header at least");
    return fits ? 0 : -1;
}
