// The log of libmongoc, which goes to standard error, amid a command's own lines, unless it is told otherwise.
#ifndef CMONGOLOG_H
#define CMONGOLOG_H

// No message is written any more. What matters comes back as an error.
void cmongolog_off(void);

#endif
