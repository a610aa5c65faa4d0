/* The library `os` for scripts: clock, date, difftime, time. Everything in UTC; no locale, no time
 * zone, no call into the C library. */
#include <string.h>

#include <lauxlib.h>

#include "actors/base/clock.h"
#include "actors/system.h"
#include "scripting/sandbox.h"
#include "scripting/state.h"

typedef struct civil {
  lua_Integer year, month, day; /* 1.. */
  lua_Integer hour, min, sec;
  lua_Integer wday; /* 0: Sunday */
  lua_Integer yday; /* 0.. */
} civil;

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar; month 1..12. */
static lua_Integer days_of(lua_Integer y, lua_Integer m, lua_Integer d) {
  y -= m <= 2;
  lua_Integer era = (y >= 0 ? y : y - 399) / 400;
  lua_Integer yoe = y - era * 400;
  lua_Integer doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  lua_Integer doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + doe - 719468;
}

static lua_Integer floor_div(lua_Integer a, lua_Integer b) { return a / b - (a % b < 0 ? 1 : 0); }

static void split_time(lua_Integer t, civil *c) {
  lua_Integer days = floor_div(t, 86400), rest = t - days * 86400;
  c->hour = rest / 3600;
  c->min = rest / 60 % 60;
  c->sec = rest % 60;
  c->wday = (days % 7 + 11) % 7;
  lua_Integer z = days + 719468;
  lua_Integer era = (z >= 0 ? z : z - 146096) / 146097;
  lua_Integer doe = z - era * 146097;
  lua_Integer yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  lua_Integer doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  lua_Integer mp = (5 * doy + 2) / 153;
  c->day = doy - (153 * mp + 2) / 5 + 1;
  c->month = mp < 10 ? mp + 3 : mp - 9;
  c->year = yoe + era * 400 + (c->month <= 2);
  c->yday = days - days_of(c->year, 1, 1);
}

/* Seconds since 1970. A system with a clock of its own (a replay) has its time start there. */
static lua_Integer now(lua_State *L) {
  troupe_system *sys = troupe_actor_system(trp_lua_of(L)->actor);
  if (sys->config.clock) return (lua_Integer)(trp_system_now_ns(sys) / TRP_NS_PER_S);
  return trp_wall_ms() / 1000;
}

static int os_clock(lua_State *L) {
  trp_lua *lua = trp_lua_of(L);
  uint64_t ns = trp_system_now_ns(troupe_actor_system(lua->actor)) - lua->born_ns;
  lua_pushnumber(L, (lua_Number)ns / 1e9);
  return 1;
}

static int os_difftime(lua_State *L) {
  lua_pushnumber(L, (lua_Number)luaL_checkinteger(L, 1) - (lua_Number)luaL_checkinteger(L, 2));
  return 1;
}

/* An integral field of the table at 1, within what calculations can take. */
static lua_Integer field(lua_State *L, const char *key, lua_Integer missing) {
  int ok = 1;
  lua_Integer value = missing;
  if (lua_getfield(L, 1, key) != LUA_TNIL)
    value = lua_tointegerx(L, -1, &ok);
  else if (missing < 0)
    luaL_error(L, "field '%s' missing in date table", key);
  if (!ok) luaL_error(L, "field '%s' is not an integer", key);
  if (value < -2147483647 || value > 2147483647) luaL_error(L, "field '%s' is out-of-bound", key);
  lua_pop(L, 1);
  return value;
}

static int os_time(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_pushinteger(L, now(L));
    return 1;
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_Integer year = field(L, "year", -1), month = field(L, "month", -1), day = field(L, "day", -1);
  lua_Integer hour = field(L, "hour", 12), min = field(L, "min", 0), sec = field(L, "sec", 0);
  lua_Integer carry = floor_div(month - 1, 12);
  lua_Integer days = days_of(year + carry, month - carry * 12, 1) + day - 1;
  lua_pushinteger(L, days * 86400 + hour * 3600 + min * 60 + sec);
  return 1;
}

static void set_field(lua_State *L, const char *key, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, key);
}

static int push_table(lua_State *L, const civil *c) {
  lua_createtable(L, 0, 9);
  set_field(L, "year", c->year);
  set_field(L, "month", c->month);
  set_field(L, "day", c->day);
  set_field(L, "hour", c->hour);
  set_field(L, "min", c->min);
  set_field(L, "sec", c->sec);
  set_field(L, "wday", c->wday + 1);
  set_field(L, "yday", c->yday + 1);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "isdst");
  return 1;
}

static void add_number(luaL_Buffer *b, lua_Integer value, int width, char pad) {
  char digits[24];
  int n = 0;
  bool negative = value < 0;
  uint64_t rest = negative ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;
  do {
    digits[n++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest);
  while (n < width)
    digits[n++] = pad;
  if (negative) luaL_addchar(b, '-');
  while (n)
    luaL_addchar(b, digits[--n]);
}

static const char *const day_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};

/* The year and week of ISO 8601: weeks begin on Monday, the first has the year's first Thursday. */
static void iso_week(const civil *c, lua_Integer *year, lua_Integer *week) {
  lua_Integer monday0 = (c->wday + 6) % 7;
  lua_Integer thursday = days_of(c->year, c->month, c->day) - monday0 + 3;
  civil t;
  split_time(thursday * 86400, &t);
  *year = t.year;
  *week = t.yday / 7 + 1;
}

/* What stands for other directives. */
static const char *composite(char d) {
  switch (d) {
  case 'c':
    return "%a %b %e %H:%M:%S %Y";
  case 'D':
  case 'x':
    return "%m/%d/%y";
  case 'F':
    return "%Y-%m-%d";
  case 'r':
    return "%I:%M:%S %p";
  case 'R':
    return "%H:%M";
  case 'T':
  case 'X':
    return "%H:%M:%S";
  default:
    return NULL;
  }
}

/* Names and texts. False: d is none of these. */
static bool add_text(luaL_Buffer *b, char d, const civil *c) {
  switch (d) {
  case 'a':
    luaL_addlstring(b, day_names[c->wday], 3);
    return true;
  case 'A':
    luaL_addstring(b, day_names[c->wday]);
    return true;
  case 'b':
  case 'h':
    luaL_addlstring(b, month_names[c->month - 1], 3);
    return true;
  case 'B':
    luaL_addstring(b, month_names[c->month - 1]);
    return true;
  case 'n':
    luaL_addchar(b, '\n');
    return true;
  case 'p':
    luaL_addstring(b, c->hour < 12 ? "AM" : "PM");
    return true;
  case 't':
    luaL_addchar(b, '\t');
    return true;
  case 'z':
    luaL_addstring(b, "+0000");
    return true;
  case 'Z':
    luaL_addstring(b, "GMT");
    return true;
  case '%':
    luaL_addchar(b, '%');
    return true;
  default:
    return false;
  }
}

static lua_Integer two_digits(lua_Integer year) { return (year % 100 + 100) % 100; }

/* Numbers. False: d is none of these. */
static bool add_figure(luaL_Buffer *b, char d, const civil *c, lua_Integer t) {
  lua_Integer year, week, monday0 = (c->wday + 6) % 7;
  iso_week(c, &year, &week);
  switch (d) {
  case 'C':
    add_number(b, floor_div(c->year, 100), 2, '0');
    return true;
  case 'd':
    add_number(b, c->day, 2, '0');
    return true;
  case 'e':
    add_number(b, c->day, 2, ' ');
    return true;
  case 'g':
    add_number(b, two_digits(year), 2, '0');
    return true;
  case 'G':
    add_number(b, year, 1, '0');
    return true;
  case 'H':
    add_number(b, c->hour, 2, '0');
    return true;
  case 'I':
    add_number(b, (c->hour + 11) % 12 + 1, 2, '0');
    return true;
  case 'j':
    add_number(b, c->yday + 1, 3, '0');
    return true;
  case 'm':
    add_number(b, c->month, 2, '0');
    return true;
  case 'M':
    add_number(b, c->min, 2, '0');
    return true;
  case 's':
    add_number(b, t, 1, '0');
    return true;
  case 'S':
    add_number(b, c->sec, 2, '0');
    return true;
  case 'u':
    add_number(b, monday0 + 1, 1, '0');
    return true;
  case 'U':
    add_number(b, (c->yday + 7 - c->wday) / 7, 2, '0');
    return true;
  case 'V':
    add_number(b, week, 2, '0');
    return true;
  case 'w':
    add_number(b, c->wday, 1, '0');
    return true;
  case 'W':
    add_number(b, (c->yday + 7 - monday0) / 7, 2, '0');
    return true;
  case 'y':
    add_number(b, two_digits(c->year), 2, '0');
    return true;
  case 'Y':
    add_number(b, c->year, 1, '0');
    return true;
  default:
    return false;
  }
}

/* One directive of strftime, as in the C locale. False: there is no such one. */
static bool add_directive(luaL_Buffer *b, char d, const civil *c, lua_Integer t) {
  const char *parts = composite(d);
  if (!parts) return add_text(b, d, c) || add_figure(b, d, c, t);
  for (; *parts; parts++) {
    if (*parts != '%') {
      luaL_addchar(b, *parts);
      continue;
    }
    parts++;
    if (!add_text(b, *parts, c)) add_figure(b, *parts, c, t);
  }
  return true;
}

static int os_date(lua_State *L) {
  size_t len;
  const char *format = luaL_optlstring(L, 1, "%c", &len);
  lua_Integer t = lua_isnoneornil(L, 2) ? now(L) : luaL_checkinteger(L, 2);
  if (t > INT64_C(67767976233532799) || t < INT64_C(-67768040609740800))
    return luaL_error(L, "date result cannot be represented in this installation");
  civil c;
  split_time(t, &c);
  const char *end = format + len;
  if (*format == '!') format++;
  if (strcmp(format, "*t") == 0) return push_table(L, &c);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  while (format < end) {
    if (*format != '%') {
      luaL_addchar(&b, *format++);
      continue;
    }
    char d = '\0';
    if (++format < end) d = *format++;
    if ((d == 'E' || d == 'O') && format < end)
      d = *format++; /* locales' own forms: there are none */
    if (!add_directive(&b, d, &c, t))
      return luaL_argerror(L, 1, lua_pushfstring(L, "invalid conversion specifier '%%%c'", d));
  }
  luaL_pushresult(&b);
  return 1;
}

void trp_os_open(lua_State *L) {
  static const luaL_Reg functions[] = {{"clock", os_clock},
                                       {"date", os_date},
                                       {"difftime", os_difftime},
                                       {"time", os_time},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
}
