/* hpmkd_runtime._kernel: what hpmkd/kernels/backends/c.py offers on. */
#include "module.h"
#include "words.h"

#define FUNCTION(name, function, doc) {name, (PyCFunction)(void (*)(void))function, METH_FASTCALL, doc}

static PyMethodDef functions[] = {
    FUNCTION("check_layout", hpmkd_check_layout,
             "Raise an ImportError unless arrays are laid out as this kernel reads them."),
    FUNCTION("row", hpmkd_bind_row,
             "Return the kernel of rows of a name, such as pool_code_64: (name, words)."),
    FUNCTION("read", hpmkd_bind_dict,
             "Return what answers a dict: (words, numbers, n_parts, categories, pooled)."),
    FUNCTION("table", hpmkd_table, "Answer many rows: (matrix, words, probable, out)."),
    FUNCTION("pool_table", hpmkd_pool_table, "Answer many rows by a pool."),
    FUNCTION("link_rows", hpmkd_link_rows, "Write probabilities: (margins, link, out)."),
    FUNCTION("fuse_rows", hpmkd_fuse_rows, "Fuse probabilities: (predicted, numbers, out)."),
    {NULL, NULL, 0, NULL},
};

static int fill(PyObject *module)
{
    return PyModule_AddIntConstant(module, "WORDS_FORMAT", HPMKD_WORDS_FORMAT);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)fill}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "hpmkd_runtime._kernel", "Answers from packed words, in C.", 0,
    functions, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__kernel(void)
{
    return PyModuleDef_Init(&definition);
}
