/* The words of a packed student: unsigned integers, the bits of a float, or pairs of them the
 * bits of a double. What stands where: hpmkd/student/packed/words.py, or the first 24:
 *
 *  0 cells of a row           1, 2 margins C; link: 0 sigmoid, 1 softmax, 2 identity
 *  3 form of the trees: 0 none, 2 to 4 perfect ones of that depth, 5 walked, 6 sorted   4 trees
 *  5, 6 cells that trees compare; their columns, and behind them where their offsets begin
 *  7 first tree of each margin       8 the trees, or their roots
 *  9, 11 cells up to which NaN becomes -inf, +inf         10 base margins
 * 12 lowest and highest linear margins   13 to 15 numbers   16 to 18 missing ones
 * 19, 20 categories         21 intercepts         22 a network        23 values of a leaf
 */
#ifndef HPMKD_WORDS_H
#define HPMKD_WORDS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Must be hpmkd.kernels.packed.WORDS_FORMAT. */
#define HPMKD_WORDS_FORMAT 2

/* Some functions serve only some students. */
#ifdef HPMKD_FUNCTION
/* as who includes this says */
#elif defined(__GNUC__)
#define HPMKD_FUNCTION static inline __attribute__((unused))
#else
#define HPMKD_FUNCTION static inline
#endif

/* A product that is added without being rounded first changes the last bit. GCC rounds it where it
 * is asked for C as the standard has it, as by -std=c99. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__) && !defined(__STRICT_ANSI__)
#pragma GCC optimize("fp-contract=off")
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#endif

HPMKD_FUNCTION float hpmkd_single(const uint32_t *words, size_t at)
{
    float value;
    memcpy(&value, words + at, sizeof value);
    return value;
}

/* The double at a place that counts pairs. Words written into a source file are pairs whose first
 * word is the low half, whatever machine reads them; those in memory are as its doubles are. */
HPMKD_FUNCTION double hpmkd_double(const uint32_t *words, size_t at)
{
    double value;
#ifdef HPMKD_WORDS_OF_THIS_MACHINE
    memcpy(&value, words + 2 * at, sizeof value);
#else
    const uint64_t bits = (uint64_t)words[2 * at] | (uint64_t)words[2 * at + 1] << 32;
    memcpy(&value, &bits, sizeof value);
#endif
    return value;
}

HPMKD_FUNCTION size_t hpmkd_n_classes(const uint32_t *words)
{
    return words[2] == 0 ? 2 : words[1];
}

#endif
