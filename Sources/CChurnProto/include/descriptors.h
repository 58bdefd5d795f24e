/* What server reflection answers from. descriptors.c is made by scripts/generate-proto. */
#ifndef CCHURNPROTO_DESCRIPTORS_H
#define CCHURNPROTO_DESCRIPTORS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  /* As imports name it. */
  const char *name;
  /* A google.protobuf.FileDescriptorProto. */
  const uint8_t *bytes;
  size_t count;
  /* Indices of the files that it imports, ended by -1. */
  const int *imports;
} CChurnProtoFile;

/* A service, method, message, field, enum or value of an enum, by its full name. */
typedef struct {
  const char *name;
  /* Index of the file that declares it. */
  int file;
} CChurnProtoSymbol;

extern const CChurnProtoFile cchurnproto_files[];
extern const int cchurnproto_file_count;

/* In the order of their names. */
extern const CChurnProtoSymbol cchurnproto_symbols[];
extern const int cchurnproto_symbol_count;

/* Swift does not see arrays whose length the header does not tell. */
static inline const CChurnProtoFile *cchurnproto_file(int index) { return &cchurnproto_files[index]; }
static inline const CChurnProtoSymbol *cchurnproto_symbol(int index) { return &cchurnproto_symbols[index]; }

#endif
