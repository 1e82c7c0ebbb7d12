#define PY_SSIZE_T_CLEAN
#include <Python.h>

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "hpmkd_runtime._kernel",
    .m_doc = "The C kernel.",
    .m_size = 0,
};

PyMODINIT_FUNC PyInit__kernel(void)
{
    return PyModuleDef_Init(&definition);
}
