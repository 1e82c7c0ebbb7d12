/* What the files of the module share. */
#ifndef HPMKD_MODULE_H
#define HPMKD_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define HPMKD_WORDS_OF_THIS_MACHINE
#define HPMKD_HEADER_WORDS 24

/* Functions of the module, each described where it is. */
PyObject *hpmkd_check_layout(PyObject *module, PyObject *const *arrays, Py_ssize_t count);
PyObject *hpmkd_bind_row(PyObject *module, PyObject *const *given, Py_ssize_t count);
PyObject *hpmkd_bind_dict(PyObject *module, PyObject *const *given, Py_ssize_t count);
PyObject *hpmkd_table(PyObject *module, PyObject *const *given, Py_ssize_t count);
PyObject *hpmkd_pool_table(PyObject *module, PyObject *const *given, Py_ssize_t count);
PyObject *hpmkd_link_rows(PyObject *module, PyObject *const *given, Py_ssize_t count);
PyObject *hpmkd_fuse_rows(PyObject *module, PyObject *const *given, Py_ssize_t count);

#endif
