/* SPDX-License-Identifier: Apache-2.0 */
/* statesync-sim: the shipping server and client in virtual time, one run for each seed. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim/run.h"

struct options {
    struct plan plan;
    uint64_t first, last;
    bool shrink, twice;
};

/* ---- what to type again -----------------------------------------------------------------------
 */

static void print_replay(FILE *out, const struct plan *plan) {
    char faults[256];
    fault_print(plan->faults, faults, sizeof faults);
    fprintf(out, "statesync-sim --seed %llu --clients %u --ops %u --faults %s%s\n",
            (unsigned long long)plan->seed, plan->clients, plan->ops, faults,
            plan->forgetful ? " --forgetful" : "");
}

/* What a crash leaves behind: the handler may use nothing but write. */
static char last_words[512];

static void on_crash(int number) {
    ssize_t written = write(STDERR_FILENO, last_words, strlen(last_words));
    (void)written;
    signal(number, SIG_DFL);
    raise(number);
}

static void prepare_words(const struct plan *plan) {
    char faults[256];
    fault_print(plan->faults, faults, sizeof faults);
    snprintf(last_words, sizeof last_words,
             "\nthe program crashed; again: statesync-sim --seed %llu --clients %u --ops %u "
             "--faults %s%s\n",
             (unsigned long long)plan->seed, plan->clients, plan->ops, faults,
             plan->forgetful ? " --forgetful" : "");
}

/* ---- one seed ---------------------------------------------------------------------------------
 */

static void print_verdict(const struct plan *plan, const struct verdict *verdict) {
    printf("seed %llu: %s  %.1f s virtual, %llu updates, %llu of %llu requests answered, %llu "
           "checks,\n  %llu events, hash %016llx, %llu KiB carried, server peak %zu KiB, %llu "
           "lives, %llu allocations failed\n",
           (unsigned long long)plan->seed, verdict->failed ? "FAILED" : "ok", verdict->seconds,
           (unsigned long long)verdict->ops, (unsigned long long)verdict->answered,
           (unsigned long long)verdict->sent, (unsigned long long)verdict->checks,
           (unsigned long long)verdict->events, (unsigned long long)verdict->hash,
           (unsigned long long)verdict->bytes / 1024, verdict->peak / 1024,
           (unsigned long long)verdict->lives, (unsigned long long)verdict->allocations_failed);
}

static void report(const struct options *options, const struct plan *plan, struct tokens *tokens,
                   struct verdict *verdict) {
    struct plan smaller = *plan;
    printf("\nseed %llu FAILED: %s\n", (unsigned long long)plan->seed, verdict->why);
    if (options->shrink) {
        unsigned runs = shrink_plan(&smaller, tokens, verdict);
        printf("shrunk in %u runs: %s\n", runs, verdict->why);
    }
    printf("again: ");
    print_replay(stdout, &smaller);
}

static bool one_seed(const struct options *options, uint64_t seed, struct tokens *tokens,
                     struct verdict *verdict) {
    struct plan plan = options->plan;
    plan.seed = seed;
    prepare_words(&plan);
    run_plan(&plan, tokens, verdict);
    if (options->twice && !verdict->failed) {
        struct verdict again;
        run_plan(&plan, tokens, &again);
        if (again.hash != verdict->hash) {
            verdict->failed = true;
            snprintf(verdict->why, sizeof verdict->why,
                     "two runs differ: hash %016llx, then %016llx",
                     (unsigned long long)verdict->hash, (unsigned long long)again.hash);
        }
    }
    if (verdict->failed) report(options, &plan, tokens, verdict);
    return !verdict->failed;
}

static double seconds_now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

struct progress {
    double began, told;
    uint64_t passed, updates, checks, lost;
};

static void count(struct progress *progress, const struct verdict *verdict) {
    progress->passed++;
    progress->updates += verdict->ops;
    progress->checks += verdict->checks;
    progress->lost += verdict->sent - verdict->answered;
}

/* On a terminal one line that changes, else one a minute. */
static void tell(struct progress *progress) {
    bool terminal = isatty(STDOUT_FILENO);
    double span = seconds_now() - progress->began;
    if (span - progress->told < (terminal ? 0.5 : 60)) return;
    printf("%s%llu seeds, %llu updates, %.1f seeds/s %s", terminal ? "\r" : "",
           (unsigned long long)progress->passed, (unsigned long long)progress->updates,
           (double)progress->passed / span, terminal ? "" : "\n");
    fflush(stdout);
    progress->told = span;
}

static int all_seeds(const struct options *options, struct tokens *tokens) {
    struct progress progress = {.began = seconds_now()};
    bool single = options->first == options->last;
    for (uint64_t seed = options->first; seed <= options->last; seed++) {
        struct verdict verdict;
        struct plan plan = options->plan;
        bool fine = one_seed(options, seed, tokens, &verdict);
        plan.seed = seed;
        if (single) print_verdict(&plan, &verdict);
        if (!fine) return 1;
        count(&progress, &verdict);
        tell(&progress);
    }
    double span = seconds_now() - progress.began;
    if (single) return 0;
    printf("%s%llu seeds passed in %.1f s, %.1f seeds/s: %llu updates, %llu requests without an "
           "answer, %llu checks\n",
           isatty(STDOUT_FILENO) ? "\r" : "", (unsigned long long)progress.passed, span,
           (double)progress.passed / span, (unsigned long long)progress.updates,
           (unsigned long long)progress.lost, (unsigned long long)progress.checks);
    return 0;
}

/* ---- the command line -------------------------------------------------------------------------
 */

static void usage(FILE *out) {
    fputs("usage: statesync-sim [--seed S | --seeds A..B] [--clients N] [--ops N]\n"
          "                     [--faults all|none|LIST] [--shrink] [--twice] [--verbose]\n"
          "                     [--forgetful]\n\n"
          "Runs the shipping server and clients in virtual time. A seed draws everything; a\n"
          "failure prints the command that repeats it to the byte.\n\n"
          "  statesync sim --seeds 1..1000                      many worlds\n"
          "  statesync sim --seed 7 --clients 4 --faults all    one of them\n\n"
          "  --clients N   players, 1 to 64 (8)\n"
          "  --ops N       what each of them does (200)\n"
          "  --faults F    names with commas; -NAME takes one out of all\n"
          "  --shrink      after a failure: look for a smaller one\n"
          "  --twice       run each seed twice and compare the hashes of the event logs\n"
          "  --forgetful   servers with `data: none`; else one seed in eight has them\n"
          "  --verbose     print the event log\n\nfaults:\n",
          out);
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        fprintf(out, "  %-12s  %s\n", fault_name((enum fault)i), fault_help((enum fault)i));
}

static bool number(const char *text, uint64_t most, uint64_t *out) {
    char *end;
    errno = 0;
    unsigned long long value = text ? strtoull(text, &end, 10) : 0;
    if (!text || !*text || *text == '-' || *end || errno || value > most) return false;
    *out = value;
    return true;
}

static bool range(const char *text, struct options *options) {
    char first[24] = "";
    const char *dots = text ? strstr(text, "..") : NULL;
    if (!dots || (size_t)(dots - text) >= sizeof first) return false;
    memcpy(first, text, (size_t)(dots - text));
    return number(first, UINT64_MAX - 1, &options->first) &&
           number(dots + 2, UINT64_MAX - 1, &options->last) && options->first <= options->last;
}

/* The value belongs to the option; false: unknown, or a bad value. */
static bool take(struct options *options, const char *name, const char *value) {
    uint64_t count;
    if (strcmp(name, "--seed") == 0 && number(value, UINT64_MAX - 1, &options->first)) {
        options->last = options->first;
    } else if (strcmp(name, "--seeds") == 0) {
        return range(value, options);
    } else if (strcmp(name, "--clients") == 0 && number(value, PLAYERS_MAX, &count) && count) {
        options->plan.clients = (uint32_t)count;
    } else if (strcmp(name, "--ops") == 0 && number(value, 1000000, &count)) {
        options->plan.ops = (uint32_t)count;
    } else if (strcmp(name, "--faults") == 0 && value) {
        return fault_parse(value, &options->plan.faults);
    } else {
        return false;
    }
    return true;
}

static bool take_flag(struct options *options, const char *name) {
    bool *flags[] = {&options->shrink, &options->twice, &options->plan.verbose,
                     &options->plan.forgetful};
    static const char *const names[] = {"--shrink", "--twice", "--verbose", "--forgetful"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) != 0) continue;
        *flags[i] = true;
        return true;
    }
    return false;
}

static bool parse(int count, char **words, struct options *options) {
    for (int i = 1; i < count; i++) {
        if (take_flag(options, words[i])) continue;
        if (!take(options, words[i], i + 1 < count ? words[i + 1] : NULL)) {
            fprintf(stderr, "statesync-sim: cannot take %s %s\n\n", words[i],
                    i + 1 < count ? words[i + 1] : "");
            return false;
        }
        i++;
    }
    return true;
}

int main(int count, char **words) {
    struct options options = {
        .plan = {.clients = 8, .ops = 200, .faults = FAULTS_ALL}, .first = 1, .last = 1};
    if (count == 2 && (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0)) {
        usage(stdout);
        return 0;
    }
    if (!parse(count, words, &options)) {
        usage(stderr);
        return 2;
    }
    struct tokens tokens;
    /* The same blocks come and go in every run: the kernel need not hear of it. */
    mallopt(M_MMAP_THRESHOLD, 1 << 28);
    mallopt(M_TRIM_THRESHOLD, 1 << 28);
    if (!tokens_start(&tokens)) {
        perror("statesync-sim: a temporary folder");
        return 2;
    }
    signal(SIGABRT, on_crash);
#ifndef __SANITIZE_ADDRESS__
    signal(SIGSEGV, on_crash);
#endif
    int status = all_seeds(&options, &tokens);
    tokens_stop(&tokens);
    return status;
}
