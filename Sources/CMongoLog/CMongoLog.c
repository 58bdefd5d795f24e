#include "CMongoLog.h"

#include <mongoc/mongoc.h>

void cmongolog_off(void) {
    mongoc_log_set_handler(NULL, NULL);
}

// As Debian builds it, libmongoc sets itself up in a constructor of its shared library, and complains when it finds no shared
// memory for its counters, or the leavings there of a killed process with the same number: long before main. Earlier still,
// before the constructors of all libraries, runs what .preinit_array names. Sanitizers start there themselves, so not beside them.
#if defined(__ELF__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
__attribute__((section(".preinit_array"), used)) static void (*const off_from_the_start)(void) = cmongolog_off;
#endif
