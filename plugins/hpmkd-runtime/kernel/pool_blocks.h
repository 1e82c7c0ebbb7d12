/* A whole pool over a block. */
#ifndef HPMKD_BLOCK_POOL_H
#define HPMKD_BLOCK_POOL_H

#include "student_blocks.h"

#include "pool.h"

/* Room for any member. */
HPMKD_FUNCTION hpmkd_sizes hpmkd_pool_sizes_of(const uint32_t *words)
{
    hpmkd_sizes most = {0, 0, 0, 0};
    size_t m;
    for (m = 0; m < words[2]; m++) {
        const hpmkd_sizes own = hpmkd_sizes_of(hpmkd_member(words, m));
        most.cells = own.cells > most.cells ? own.cells : most.cells;
        most.walked = own.walked > most.walked ? own.walked : most.walked;
        most.total = own.total > most.total ? own.total : most.total;
        most.row = own.row > most.row ? own.row : most.row;
    }
    return most;
}

/* Write K lines of probabilities to the mean of a state whose rows are the lanes of the block;
 * `sums` and `p` are room for K lines each. */
HPMKD_FUNCTION void hpmkd_pool_block(
    const uint32_t *words, const hpmkd_matrix *matrix, size_t first, size_t n_rows,
    const hpmkd_work *work, double *restrict sums, double *restrict p, const hpmkd_fused *state)
{
    const hpmkd_mix mix = hpmkd_mix_of(words);
    size_t m;
    hpmkd_begin(&mix, state);
    for (m = 0; m < mix.n_members; m++) {
        const uint32_t *const member = hpmkd_member(words, m);
        hpmkd_margins_of_block(member, matrix, first, n_rows, work, sums);
        hpmkd_link_block(sums, member[1], member[2], state->n_rows, p);
        hpmkd_fuse_member(&mix, m, p, state);
    }
    hpmkd_finish(&mix, state);
}

#endif
