/* Functions that are compiled for several kinds of processors, of which the one that runs takes
 * the best; no bit depends on it, for none contracts products. */
#ifndef HPMKD_VARIANTS_H
#define HPMKD_VARIANTS_H

#include <stddef.h>

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__has_attribute)
#if __has_attribute(target_clones) && !defined(__clang__)
#define HPMKD_VARIANTS __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#endif
#ifndef HPMKD_VARIANTS
#define HPMKD_VARIANTS
#endif

/* All that such a function calls is compiled into each of its variants. */
#if defined(__GNUC__)
#define HPMKD_FUNCTION static inline __attribute__((always_inline, unused))
#endif

#endif
