/* The floor for bench/law_bench.py: the same stays, the same arithmetic, the same order, written straight in C.
 * Compiled on the spot; it shares no code with the rule it is measured against. Amounts are int64 fen.
 * A stay for which the law has no answer gets -1 in all three columns and adds nothing to the year. */
#include <stdint.h>

enum { DEDUCTIBLE, SECOND, LATER, RATE, ADJUSTMENT, CEILING, C_FROM, C_RATE, C_FROM2, C_RATE2, C_BANDED, C_CEILING, TERMS };

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t share(int64_t amount, int64_t rate_bp) { return (amount * rate_bp + 5000) / 10000; }

void by_person(int32_t threads, int64_t persons, const int64_t *start, const int64_t *terms_row, const int64_t *total,
               const int64_t *in_scope, const int64_t *terms, int64_t *pooled, int64_t *critical, int64_t *person) {
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t p = 0; p < persons; p++) {
        int64_t stays = 0, pooled_before = 0, borne_before = 0, critical_before = 0;
        for (int64_t i = start[p]; i < start[p + 1]; i++) {
            const int64_t *t = terms + terms_row[i] * TERMS;
            if (t[RATE] == -1) {
                pooled[i] = critical[i] = person[i] = -1;
                continue;
            }
            int64_t part = stays == 0 ? 10000 : stays == 1 ? t[SECOND] : t[LATER];
            int64_t above = in_scope[i] - least(share(t[DEDUCTIBLE], part), in_scope[i]);
            int64_t computed = share(above, least(most(t[RATE] + t[ADJUSTMENT], 0), 10000));
            int64_t room = most(t[CEILING] - pooled_before, 0);
            int64_t paid = least(computed, room);
            int64_t borne = in_scope[i] - paid, year = borne_before + borne, extra = 0;
            if (t[C_FROM] == -1) {
                if (computed > room) {
                    pooled[i] = critical[i] = person[i] = -1;
                    continue;
                }
            } else {
                int64_t first_to = t[C_BANDED] == 1 ? least(year, t[C_FROM2]) : year;
                int64_t first = share(most(first_to - t[C_FROM], 0), t[C_RATE]);
                int64_t second_to = t[C_BANDED] == 0 ? year - first : year;
                int64_t second = share(most(second_to - t[C_FROM2], 0), t[C_RATE2]);
                int64_t left = most(t[C_CEILING] - critical_before, 0);
                extra = least(least(most(first + second - critical_before, 0), left), borne);
            }
            pooled[i] = paid;
            critical[i] = extra;
            person[i] = total[i] - paid - extra;
            stays += total[i] > 0; /* a bill of nothing is no stay */
            pooled_before += paid;
            borne_before += borne;
            critical_before += extra;
        }
    }
}
