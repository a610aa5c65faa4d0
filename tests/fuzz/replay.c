/* Runs a fuzz target on files, without libFuzzer: `replay PATH...`, where a folder stands for the
 * files in it. So any compiler and any sanitizer can run the corpus, and a reproducer. */
#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static unsigned inputs;

static void replay_file(const char *path, size_t size) {
  /* exactly as large as the input: a sanitizer then sees what reads past its end */
  uint8_t *data = malloc(size ? size : 1);
  FILE *f = fopen(path, "rbe");
  REQUIRE(data != NULL && f != NULL);
  REQUIRE(fread(data, 1, size, f) == size);
  fclose(f);
  (void)LLVMFuzzerTestOneInput(data, size);
  free(data);
  inputs++;
}

static void replay(const char *path);

static void replay_folder(const char *path) {
  DIR *dir = opendir(path);
  REQUIRE(dir != NULL);
  const struct dirent *entry;
  /* NOLINTNEXTLINE(concurrency-mt-unsafe): no thread of ours reads this folder */
  while ((entry = readdir(dir)) != NULL) {
    char whole[PATH_MAX];
    if (entry->d_name[0] == '.') continue;
    int n = snprintf(whole, sizeof whole, "%s/%s", path, entry->d_name);
    REQUIRE(n > 0 && (size_t)n < sizeof whole);
    replay(whole);
  }
  closedir(dir);
}

static void replay(const char *path) {
  struct stat st;
  REQUIRE(stat(path, &st) == 0);
  if (S_ISDIR(st.st_mode))
    replay_folder(path);
  else
    replay_file(path, (size_t)st.st_size);
}

int main(int argc, char *argv[]) {
  for (int i = 1; i < argc; i++) { /* before a target changes the working directory */
    char *whole = realpath(argv[i], NULL);
    if (!whole) {
      fprintf(stderr, "%s: no such file\n", argv[i]);
      return 2;
    }
    argv[i] = whole; /* until the process ends */
  }
  (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0); /* the input that no corpus holds */
  for (int i = 1; i < argc; i++)
    replay(argv[i]);
  printf("%u inputs\n", inputs);
  return inputs > 0 ? 0 : 1;
}
