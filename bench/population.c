/* The floor for bench/population_bench.py: stays and visits of whole persons under two laws, with the year's totals of
 * both and the sums per cell, written straight in C. It shares no code with the rules and the loop it is measured
 * against. Amounts are fen. */
#include <stdint.h>

typedef int64_t i64;
typedef int32_t i32;

enum { DEDUCTIBLE, SECOND, LATER, RATE, ADJUSTMENT, CEILING, C_FROM, C_RATE, C_FROM2, C_RATE2, C_BANDED, C_CEILING, KIND, TERMS };
enum { V_DEDUCTIBLE, V_ANNUAL, V_RATE, V_ADJUSTMENT, V_VISIT, V_CEILING };
enum { CLAIMS, TOTAL, IN_SCOPE, UND_A, UND_B, UND_BOTH, OUT_TOTAL, OUT_SCOPE, POOLED_A, CRITICAL_A, PERSON_A, POOLED_B,
       CRITICAL_B, PERSON_B, ONLY_A, ONLY_B, LESS, MORE, MEASURES };
enum { NO_LIMIT = -2 };

typedef struct { i64 stays, pooled, borne, critical, visit_pooled, visit_deductible; } year;
typedef struct { i64 decided, pooled, critical, person; } shares;

static inline i64 least(i64 a, i64 b) { return a < b ? a : b; }
static inline i64 most(i64 a, i64 b) { return a > b ? a : b; }
static inline i64 share(i64 amount, i64 rate_bp) { return (amount * rate_bp + 5000) / 10000; }

static inline shares stay(const i64 *t, year *y, i64 total, i64 in_scope) {
    i64 part = y->stays == 0 ? 10000 : y->stays == 1 ? t[SECOND] : t[LATER];
    i64 above = in_scope - least(share(t[DEDUCTIBLE], part), in_scope);
    i64 computed = share(above, least(most(t[RATE] + t[ADJUSTMENT], 0), 10000));
    i64 room = most(t[CEILING] - y->pooled, 0), paid = least(computed, room);
    i64 borne = in_scope - paid, so_far = y->borne + borne, extra = 0;
    if (t[C_FROM] == -1) {
        if (computed > room) return (shares){0, 0, 0, 0};
    } else {
        i64 first_to = t[C_BANDED] == 1 ? least(so_far, t[C_FROM2]) : so_far;
        i64 first = share(most(first_to - t[C_FROM], 0), t[C_RATE]);
        i64 second_to = t[C_BANDED] == 0 ? so_far - first : so_far;
        i64 second = share(most(second_to - t[C_FROM2], 0), t[C_RATE2]);
        i64 left = most(t[C_CEILING] - y->critical, 0);
        extra = least(least(most(first + second - y->critical, 0), left), borne);
    }
    y->stays += total > 0;
    y->pooled += paid;
    y->borne += borne;
    y->critical += extra;
    return (shares){1, paid, extra, total - paid - extra};
}

static inline shares visit(const i64 *t, year *y, i64 total, i64 in_scope) {
    i64 due = t[V_DEDUCTIBLE];
    if (t[V_ANNUAL] != NO_LIMIT) due = least(due, most(t[V_ANNUAL] - y->visit_deductible, 0));
    i64 deductible = least(due, in_scope);
    i64 paid = share(in_scope - deductible, least(most(t[V_RATE] + t[V_ADJUSTMENT], 0), 10000));
    paid = least(paid, most(t[V_CEILING] - y->visit_pooled, 0));
    if (t[V_VISIT] != NO_LIMIT) paid = least(paid, t[V_VISIT]);
    y->visit_pooled += paid;
    y->visit_deductible += deductible;
    return (shares){1, paid, 0, total - paid};
}

static inline shares claim(const i64 *t, year *y, i64 total, i64 in_scope) {
    if (t[KIND] == 0) return stay(t, y, total, in_scope);
    if (t[KIND] == 1) return visit(t, y, total, in_scope);
    return (shares){0, 0, 0, 0};
}

void settle(i64 count, const i64 *person, const i32 *settled, const i32 *total, const i32 *self_funded,
            const i32 *over_cap, const i32 *preselfpay, const i32 *row_a, const i32 *row_b, const i32 *cell,
            const i32 *group, const i32 *month_of_day, i64 first_day, const i64 *terms, i64 *cube) {
    year a[2] = {{0}}, b[2] = {{0}};
    i64 now = -1;
    for (i64 i = 0; i < count; i++) {
        i64 y = month_of_day[settled[i] - first_day] / 12;
        if (i == 0 || person[i] != person[i - 1] || y != now) {
            a[0] = a[1] = b[0] = b[1] = (year){0};
            now = y;
        }
        i64 in_scope = (i64)total[i] - self_funded[i] - over_cap[i] - preselfpay[i];
        shares x = claim(terms + row_a[i] * TERMS, &a[group[i] % 2], total[i], in_scope);
        shares z = claim(terms + row_b[i] * TERMS, &b[group[i] % 2], total[i], in_scope);
        i64 *sum = cube + (i64)cell[i] * MEASURES;
        sum[CLAIMS]++;
        sum[TOTAL] += total[i];
        sum[IN_SCOPE] += in_scope;
        if (x.decided && z.decided) {
            sum[OUT_SCOPE] += in_scope;
            sum[POOLED_A] += x.pooled;
            sum[CRITICAL_A] += x.critical;
            sum[PERSON_A] += x.person;
            sum[POOLED_B] += z.pooled;
            sum[CRITICAL_B] += z.critical;
            sum[PERSON_B] += z.person;
            sum[LESS] += z.person < x.person;
            sum[MORE] += z.person > x.person;
        } else {
            sum[OUT_TOTAL] += total[i];
            sum[UND_A] += !x.decided;
            sum[UND_B] += !z.decided;
            sum[UND_BOTH] += !x.decided && !z.decided;
            sum[ONLY_A] += x.pooled + x.critical;
            sum[ONLY_B] += z.pooled + z.critical;
        }
    }
}
