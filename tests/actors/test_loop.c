#include "tests/test.h"

#include "actors/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "actors/base/mem.h"

typedef struct note {
  trp_loop_task task;
  int value;
  int *out;
  int *len;
} note;

static void write_down(trp_loop *loop, trp_loop_task *task) {
  trp_assert_on_loop(loop);
  note *n = (note *)(void *)task;
  n->out[(*n->len)++] = n->value;
}

static void tasks_run_in_the_order_posted(void **state) {
  (void)state;
  for (int threaded = 0; threaded < 2; threaded++) {
    trp_loop *loop;
    assert_int_equal(trp_loop_open(&loop, NULL, threaded), 0);
    note notes[100];
    int out[100], len = 0;
    for (int i = 0; i < 100; i++) {
      notes[i] = (note){.task.run = write_down, .value = i, .out = out, .len = &len};
      trp_loop_post(loop, &notes[i].task);
    }
    if (!threaded) trp_loop_step(loop);
    assert_true(trp_loop_close(loop, 5000));
    assert_int_equal(len, 100);
    for (int i = 0; i < 100; i++)
      assert_int_equal(out[i], i);
  }
}

typedef struct count {
  trp_loop_task task;
  _Atomic long *n;
} count;

static void add(trp_loop *loop, trp_loop_task *task) {
  (void)loop;
  count *c = (count *)(void *)task;
  atomic_fetch_add(c->n, 1);
  free(c);
}

typedef struct poster {
  trp_loop *loop;
  _Atomic long *n;
} poster;

static void *post_many(void *arg) {
  poster *p = arg;
  for (int i = 0; i < 2000; i++) {
    count *c = malloc(sizeof *c);
    if (!c) break;
    *c = (count){.task.run = add, .n = p->n};
    trp_loop_post(p->loop, &c->task);
  }
  return NULL;
}

static void many_threads_post_and_nothing_is_lost(void **state) {
  (void)state;
  trp_loop *loop;
  assert_int_equal(trp_loop_open(&loop, NULL, true), 0);
  _Atomic long n = 0;
  poster p = {loop, &n};
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, post_many, &p), 0);
  for (int i = 0; i < 4; i++)
    pthread_join(threads[i], NULL);
  assert_true(trp_loop_close(loop, 10000));
  assert_int_equal(n, 8000);
}

typedef struct pool_job {
  trp_loop_task task;
  uv_work_t work;
  trp_loop *loop;
  _Atomic int gate; /* the job ends when it is 1 */
  _Atomic int ended, stopped;
  trp_loop_stop_hook hook;
} pool_job;

static void work(uv_work_t *w) {
  pool_job *j = w->data;
  while (!atomic_load(&j->gate)) {
    struct timespec t = {.tv_nsec = 1000000};
    nanosleep(&t, NULL);
  }
}

static void worked(uv_work_t *w, int status) {
  (void)status;
  pool_job *j = w->data;
  atomic_store(&j->ended, 1);
  trp_assert_on_loop(j->loop);
  trp_loop_unhold(j->loop);
}

static void on_stop(trp_loop_stop_hook *hook) {
  pool_job *j = (pool_job *)(void *)((char *)hook - offsetof(pool_job, hook));
  atomic_store(&j->stopped, 1);
}

static void submit(trp_loop *loop, trp_loop_task *task) {
  trp_assert_on_loop(loop);
  pool_job *j = (pool_job *)(void *)task;
  j->loop = loop;
  j->work.data = j;
  j->hook.on_stop = on_stop;
  trp_loop_hold(loop);
  trp_loop_on_stop(loop, &j->hook);
  uv_queue_work(trp_loop_uv(loop), &j->work, work, worked);
}

static void closing_waits_for_held_work_within_the_deadline(void **state) {
  (void)state;
  for (int threaded = 0; threaded < 2; threaded++) {
    trp_loop *loop;
    assert_int_equal(trp_loop_open(&loop, NULL, threaded), 0);
    pool_job job = {.task.run = submit};
    trp_loop_post(loop, &job.task);
    assert_false(trp_loop_close(loop, 30)); /* the job hangs: the loop lives on */
    assert_int_equal(job.stopped, 1);
    assert_int_equal(job.ended, 0);
    atomic_store(&job.gate, 1);
    assert_true(trp_loop_close(loop, 5000));
    assert_int_equal(job.ended, 1);
  }
}

static void a_step_says_whether_work_is_under_way(void **state) {
  (void)state;
  trp_loop *loop;
  assert_int_equal(trp_loop_open(&loop, NULL, false), 0);
  assert_false(trp_loop_step(loop));
  pool_job job = {.task.run = submit};
  trp_loop_post(loop, &job.task);
  assert_true(trp_loop_step(loop));
  atomic_store(&job.gate, 1);
  for (int i = 0; i < 1000 && trp_loop_wait(loop, 10); i++) {
  }
  assert_int_equal(job.ended, 1);
  assert_true(trp_loop_close(loop, 0));
  assert_int_equal(job.stopped, 1);
}

static void read_mask(trp_loop *loop, trp_loop_task *task) {
  (void)loop;
  note *n = (note *)(void *)task;
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  *n->out = sigismember(&mask, SIGINT) * 2 + sigismember(&mask, SIGCHLD);
}

static void the_loop_thread_blocks_a_hosts_signals(void **state) {
  (void)state;
  trp_loop *loop;
  int mask = -1;
  assert_int_equal(trp_loop_open(&loop, NULL, true), 0);
  note n = {.task.run = read_mask, .out = &mask};
  trp_loop_post(loop, &n.task);
  assert_true(trp_loop_close(loop, 5000));
  assert_int_equal(mask, 2);
}

static void opening_copes_without_memory(void **state) {
  (void)state;
  faulty f;
  trp_loop *loop;
  faulty_init(&f, 1);
  assert_int_equal(trp_loop_open(&loop, &f.allocator, true), UV_ENOMEM);
  assert_null(loop);
  faulty_init(&f, 0);
  assert_int_equal(trp_loop_open(&loop, &f.allocator, true), 0);
  assert_true(trp_loop_close(loop, 5000));
  faulty_check(&f);
  assert_true(trp_loop_close(NULL, 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tasks_run_in_the_order_posted),
      cmocka_unit_test(many_threads_post_and_nothing_is_lost),
      cmocka_unit_test(closing_waits_for_held_work_within_the_deadline),
      cmocka_unit_test(a_step_says_whether_work_is_under_way),
      cmocka_unit_test(the_loop_thread_blocks_a_hosts_signals),
      cmocka_unit_test(opening_copes_without_memory),
  };
  return run_tests(tests);
}
