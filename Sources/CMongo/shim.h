#pragma once
#include <mongoc/mongoc.h>

// With this, the default of libbson 1.x, bson_t and bson_iter_t are aligned to 128 bytes, and Swift imports pointers to
// them as OpaquePointer. The wrapper counts on it.
#if BSON_EXTRA_ALIGN != 1
#error "libbson was built without ENABLE_EXTRA_ALIGNMENT; build it with the default"
#endif
