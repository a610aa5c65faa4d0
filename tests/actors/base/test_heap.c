#include "tests/test.h"

#include <errno.h>

#include "actors/base/heap.h"
#include "actors/base/rand.h"

enum { NODES = 200, STEPS = 20000 };

static void nodes_come_out_by_key_and_then_by_order(void **state) {
  (void)state;
  static const uint64_t keys[] = {5, 1, 5, 3, 1, 5};
  static const uint64_t orders[] = {1, 4, 3, 5, 2, 0};
  static const uint64_t expected[] = {2, 4, 5, 0, 1, 3}; /* orders, sorted by (key, order) */
  trp_heap h;
  trp_heap_node nodes[6];
  trp_heap_init(&h, NULL);
  assert_null(trp_heap_min(&h));
  assert_null(trp_heap_pop(&h));
  for (size_t i = 0; i < 6; i++) {
    trp_heap_node_init(&nodes[i], keys[i], orders[i]);
    assert_int_equal(trp_heap_insert(&h, &nodes[i]), 0);
  }
  for (size_t i = 0; i < 6; i++) {
    trp_heap_node *node = trp_heap_pop(&h);
    assert_int_equal(node->order, expected[i]);
    assert_false(trp_heap_node_inside(node));
    trp_heap_remove(&h, node); /* outside: nothing happens */
  }
  trp_heap_fini(&h);
}

static void update_outside_only_sets_the_key(void **state) {
  (void)state;
  trp_heap h;
  trp_heap_node node;
  trp_heap_init(&h, NULL);
  trp_heap_node_init(&node, 1, 1);
  trp_heap_update(&h, &node, 9);
  assert_int_equal(node.key, 9);
  assert_null(trp_heap_min(&h));
  trp_heap_fini(&h);
}

/* The smallest of the nodes marked inside, found the slow way. */
static trp_heap_node *naive_min(trp_heap_node *nodes, const bool *inside) {
  trp_heap_node *min = NULL;
  for (size_t i = 0; i < NODES; i++) {
    trp_heap_node *n = &nodes[i];
    if (!inside[i]) continue;
    if (!min || n->key < min->key || (n->key == min->key && n->order < min->order)) min = n;
  }
  return min;
}

static void the_heap_agrees_with_a_naive_model(void **state) {
  (void)state;
  static trp_heap_node nodes[NODES];
  bool inside[NODES] = {false};
  size_t count = 0;
  trp_rand r;
  trp_heap h;
  trp_rand_init(&r, test_seed());
  trp_heap_init(&h, NULL);
  for (size_t i = 0; i < NODES; i++)
    trp_heap_node_init(&nodes[i], 0, i);

  for (int step = 0; step < STEPS; step++) {
    size_t i = (size_t)trp_rand_below(&r, NODES);
    uint64_t key = trp_rand_below(&r, 50); /* few keys, so that ties are common */
    switch (trp_rand_below(&r, 4)) {
    case 0:
      trp_heap_update(&h, &nodes[i], key);
      break;
    case 1:
      trp_heap_remove(&h, &nodes[i]);
      count -= inside[i];
      inside[i] = false;
      break;
    case 2:
      if (inside[i]) break;
      nodes[i].key = key;
      assert_int_equal(trp_heap_insert(&h, &nodes[i]), 0);
      inside[i] = true;
      count++;
      break;
    default: {
      trp_heap_node *min = naive_min(nodes, inside);
      assert_ptr_equal(trp_heap_pop(&h), min);
      if (!min) break;
      inside[min->order] = false;
      count--;
    }
    }
    assert_int_equal(h.len, count);
    assert_ptr_equal(trp_heap_min(&h), naive_min(nodes, inside));
    for (uint32_t k = 0; k < h.len; k++)
      assert_int_equal(h.nodes[k]->index, k);
  }
  trp_heap_fini(&h);
}

static void a_failed_insert_leaves_the_heap_as_it_was(void **state) {
  (void)state;
  for (long n = 1;; n++) {
    faulty f;
    trp_heap h;
    static trp_heap_node nodes[NODES];
    int err = 0;
    uint32_t in = 0;
    faulty_init(&f, n);
    trp_heap_init(&h, &f.allocator);
    for (; in < NODES; in++) {
      trp_heap_node_init(&nodes[in], in, in);
      err = trp_heap_insert(&h, &nodes[in]);
      if (err) break;
    }
    if (err) {
      assert_int_equal(err, -ENOMEM);
      assert_false(trp_heap_node_inside(&nodes[in]));
    }
    assert_int_equal(h.len, in);
    for (uint32_t i = 0; i < in; i++)
      assert_ptr_equal(trp_heap_pop(&h), &nodes[i]);
    trp_heap_fini(&h);
    faulty_check(&f);
    if (err == 0 && f.calls < n) break;
  }
}

static void after_reserve_inserts_do_not_allocate(void **state) {
  (void)state;
  faulty f;
  trp_heap h;
  static trp_heap_node nodes[NODES];
  faulty_init(&f, 2);
  trp_heap_init(&h, &f.allocator);
  assert_int_equal(trp_heap_reserve(&h, NODES), 0);
  for (uint32_t i = 0; i < NODES; i++) {
    trp_heap_node_init(&nodes[i], i, i);
    assert_int_equal(trp_heap_insert(&h, &nodes[i]), 0);
  }
  assert_int_equal(trp_heap_reserve(&h, UINT32_MAX), -ENOMEM);
  trp_heap_fini(&h);
  faulty_check(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nodes_come_out_by_key_and_then_by_order),
      cmocka_unit_test(update_outside_only_sets_the_key),
      cmocka_unit_test(the_heap_agrees_with_a_naive_model),
      cmocka_unit_test(a_failed_insert_leaves_the_heap_as_it_was),
      cmocka_unit_test(after_reserve_inserts_do_not_allocate),
  };
  return run_tests(tests);
}
