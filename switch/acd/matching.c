/* Matchings of rows and columns: whether there is one, and which costs least; batch.py says why.

   The cheapest is found by shortest augmenting paths with prices. The specification makes it unique by digits
   at the end of each cost. Here those are no part of the costs: with the prices of the end every matching
   of tight pairs (reduced cost 0) that leaves out no column with a price costs the same, and among these
   the first is found row by row. A failing line is a cost of the column, so it cancels along a path, and
   distances and prices stay below 2**56. */
#include "batch.h"

#include <string.h>

/* Every row on the path takes the column at which it was come to; `row` is its first. */
static void shift(Batch *b, size_t row, size_t column)
{
    for (;;) {
        size_t taker = b->came_from[column], before = b->column_of[taker];
        b->column_of[taker] = (uint16_t)column;
        b->row_of[column] = (uint16_t)taker;
        if (taker == row)
            return;
        column = before;
    }
}

int matching_extend(Batch *b, size_t row, int keep)
{
    uint64_t seen[BATCH_WORDS] = {0};
    size_t next = 0, end = 0, at = row;
    for (;;) {
        for (size_t w = 0; w < BATCH_WORDS; w++) {
            uint64_t fresh = b->able[at][w] & ~seen[w], open = fresh & ~b->taken[w];
            seen[w] |= fresh;
            if (open && !keep)
                return 1;
            for (uint64_t left = open ? open : fresh; left; left &= left - 1) {
                size_t column = w * WORD_BITS + (size_t)__builtin_ctzll(left);
                b->came_from[column] = (uint16_t)at;
                if (open) {
                    bit_set(b->taken, column);
                    shift(b, row, column);
                    return 1;
                }
                b->path[end++] = (uint16_t)column;
            }
        }
        if (next == end)
            return 0;
        at = b->row_of[b->path[next++]];
    }
}

/* From one row to a free column along the path that costs least. The columns that the search is done with
   are moved to the front of `path`; returns how many, the free one the last of them. */
static size_t search(Batch *b, size_t row, int64_t *length)
{
    const int64_t *prices = b->column_price;
    int64_t *distance = b->distance, so_far = 0;
    uint16_t *path = b->path;
    size_t taken = 0, free = b->agent_count, count = free;
    /* The free last: of equally near columns the last is next, and a free one ends the search. */
    for (size_t column = 0; column < count; column++) {
        path[bit_test(b->taken, column) ? taken++ : --free] = (uint16_t)column;
        distance[column] = INT64_MAX;
    }
    for (size_t done = 0;;) {
        const int64_t *costs = b->costs[row];
        int64_t base = so_far - b->row_price[row];
        so_far = INT64_MAX;
        size_t best = done;
        for (size_t i = done; i < count; i++) {
            size_t column = path[i];
            int64_t far = base + costs[column] - prices[column];
            if (far < distance[column]) {
                distance[column] = far;
                b->came_from[column] = (uint16_t)row;
            }
            far = distance[column];
            best = far <= so_far ? i : best;
            so_far = far <= so_far ? far : so_far;
        }
        uint16_t column = path[best];
        path[best] = path[done];
        path[done++] = column;
        *length = so_far;
        if (!bit_test(b->taken, column))
            return done;
        row = b->row_of[column];
    }
}

/* Matches one more row, and prices the columns anew so that all reduced costs stay at 0 or above. */
static void add_row(Batch *b, size_t row)
{
    int64_t length;
    size_t done = search(b, row, &length);
    b->row_price[row] += length;
    for (size_t i = 0; i + 1 < done; i++) {
        size_t column = b->path[i];
        int64_t saved = length - b->distance[column];
        b->row_price[b->row_of[column]] += saved;
        b->column_price[column] -= saved;
    }
    bit_set(b->taken, b->path[done - 1]);
    shift(b, row, b->path[done - 1]);
}

/* The pairs of reduced cost 0. Columns without a row get rows that stand for nobody and may have any column
   without a price, so that a matching is of all columns. */
static void find_tight(Batch *b)
{
    memset(b->tight, 0, sizeof b->tight);
    for (size_t row = 0; row < b->agent_count; row++)
        for (size_t column = 0; column < b->agent_count; column++) {
            int64_t price = b->column_price[column];
            if (row < b->count ? b->costs[row][column] - b->row_price[row] == price : !price)
                bit_set(b->tight[row], column);
        }
    size_t row = b->count;
    for (size_t column = 0; column < b->agent_count; column++)
        if (!bit_test(b->taken, column)) {
            b->column_of[row] = (uint16_t)column;
            b->row_of[column] = (uint16_t)row++;
        }
}

/* Along tight pairs from the row of `from` to the column `to`. `seen` are columns from which there is no way,
   and those that may not move. */
static int find_way(Batch *b, size_t from, size_t to, uint64_t *seen)
{
    size_t next = 0, end = 0;
    b->path[end++] = (uint16_t)from;
    bit_set(seen, from);
    while (next < end) {
        size_t row = b->row_of[b->path[next++]];
        for (size_t w = 0; w < BATCH_WORDS; w++) {
            uint64_t fresh = b->tight[row][w] & ~seen[w];
            seen[w] |= fresh;
            for (uint64_t left = fresh; left; left &= left - 1) {
                size_t column = w * WORD_BITS + (size_t)__builtin_ctzll(left);
                b->came_from[column] = (uint16_t)row;
                if (column == to)
                    return 1;
                b->path[end++] = (uint16_t)column;
            }
        }
    }
    return 0;
}

/* Gives the row the first column that it can have while the rows before keep theirs. */
static void move_first(Batch *b, size_t row, const uint64_t *fixed)
{
    size_t own = b->column_of[row];
    uint64_t seen[BATCH_WORDS];
    memcpy(seen, fixed, sizeof seen);
    for (size_t column = 0; column < own; column++) {
        if (!bit_test(b->tight[row], column) || bit_test(seen, column) || !find_way(b, column, own, seen))
            continue;
        shift(b, b->row_of[column], own);
        b->row_of[column] = (uint16_t)row;
        b->column_of[row] = (uint16_t)column;
        return;
    }
}

/* The least that any row pays for the column, where every column gets a row: then what all have in common, such
   as the place in the order of idleness, makes no search long. A column that may stay without a row has no price. */
static void price_columns(Batch *b)
{
    memset(b->column_price, 0, sizeof b->column_price);
    if (b->count < b->agent_count)
        return;
    memcpy(b->column_price, b->costs[0], b->agent_count * sizeof b->costs[0][0]);
    for (size_t row = 1; row < b->count; row++)
        for (size_t column = 0; column < b->agent_count; column++)
            if (b->costs[row][column] < b->column_price[column])
                b->column_price[column] = b->costs[row][column];
}

void matching_least(Batch *b)
{
    memset(b->taken, 0, sizeof b->taken);
    memset(b->row_price, 0, sizeof b->row_price);
    price_columns(b);
    for (size_t row = 0; row < b->count; row++)
        add_row(b, row);
    find_tight(b);
    uint64_t fixed[BATCH_WORDS] = {0};
    for (size_t row = 0; row < b->count; row++) {
        move_first(b, row, fixed);
        bit_set(fixed, b->column_of[row]);
    }
}
