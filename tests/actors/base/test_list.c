#include "tests/test.h"

#include "actors/base/list.h"

typedef struct item {
  int n;
  trp_link link;
} item;

static void expect_numbers(const trp_list *list, const int *expected, size_t count) {
  size_t i = 0;
  TRP_LIST_EACH(list, link) {
    assert_true(i < count);
    if (i >= count) return; /* for the analyzer, which does not know that assert_true leaves */
    assert_int_equal(TRP_CONTAINER(link, item, link)->n, expected[i]);
    assert_ptr_equal(link->next->prev, link);
    i++;
  }
  assert_int_equal(i, count);
}

static void links_come_out_in_the_order_they_were_pushed(void **state) {
  (void)state;
  trp_list list;
  item items[4];
  trp_list_init(&list);
  assert_true(trp_list_empty(&list));
  assert_null(trp_list_front(&list));
  assert_null(trp_list_pop_front(&list));
  for (int i = 0; i < 4; i++) {
    items[i].n = i;
    trp_link_init(&items[i].link);
  }
  trp_list_push_back(&list, &items[1].link);
  trp_list_push_back(&list, &items[2].link);
  trp_list_push_front(&list, &items[0].link);
  trp_list_push_back(&list, &items[3].link);
  expect_numbers(&list, (const int[]){0, 1, 2, 3}, 4);
  for (int i = 0; i < 4; i++) {
    assert_ptr_equal(trp_list_pop_front(&list), &items[i].link);
    assert_false(trp_link_linked(&items[i].link));
  }
  assert_true(trp_list_empty(&list));
}

static void a_removed_link_is_free_and_may_be_removed_again(void **state) {
  (void)state;
  trp_list list;
  item items[3];
  trp_list_init(&list);
  for (int i = 0; i < 3; i++) {
    items[i].n = i;
    trp_link_init(&items[i].link);
    trp_list_push_back(&list, &items[i].link);
  }
  assert_true(trp_link_linked(&items[1].link));
  trp_list_remove(&items[1].link);
  trp_list_remove(&items[1].link);
  assert_false(trp_link_linked(&items[1].link));
  expect_numbers(&list, (const int[]){0, 2}, 2);
  trp_list_push_front(&list, &items[1].link);
  expect_numbers(&list, (const int[]){1, 0, 2}, 3);
}

static void the_safe_walk_allows_removal(void **state) {
  (void)state;
  trp_list list;
  item items[5];
  trp_list_init(&list);
  for (int i = 0; i < 5; i++) {
    items[i].n = i;
    trp_link_init(&items[i].link);
    trp_list_push_back(&list, &items[i].link);
  }
  TRP_LIST_EACH_SAFE(&list, link) {
    if (TRP_CONTAINER(link, item, link)->n % 2) trp_list_remove(link);
  }
  expect_numbers(&list, (const int[]){0, 2, 4}, 3);
}

static void append_moves_everything(void **state) {
  (void)state;
  trp_list to, from;
  item items[4];
  trp_list_init(&to);
  trp_list_init(&from);
  trp_list_append(&to, &from);
  assert_true(trp_list_empty(&to));
  for (int i = 0; i < 4; i++) {
    items[i].n = i;
    trp_link_init(&items[i].link);
    trp_list_push_back(i < 2 ? &to : &from, &items[i].link);
  }
  trp_list_append(&to, &from);
  expect_numbers(&to, (const int[]){0, 1, 2, 3}, 4);
  assert_true(trp_list_empty(&from));
  trp_list_append(&from, &to);
  expect_numbers(&from, (const int[]){0, 1, 2, 3}, 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(links_come_out_in_the_order_they_were_pushed),
      cmocka_unit_test(a_removed_link_is_free_and_may_be_removed_again),
      cmocka_unit_test(the_safe_walk_allows_removal),
      cmocka_unit_test(append_moves_everything),
  };
  return run_tests(tests);
}
