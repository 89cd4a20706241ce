#include "server/hello.h"

bool hello_is_tls(const uint8_t *data, size_t len)
{
    if (len < 11)
        return false;

    /* Record head: handshake, version 3.x, a length that may be. */
    size_t record = (size_t)data[3] << 8 | data[4];
    if (data[0] != 22 || data[1] != 3 || data[2] > 4 || record < 42 ||
        record > 16384)
        return false;

    /* Message head: ClientHello, which fills the record or goes on in the
     * next one, and the version once more. */
    size_t message =
        (size_t)data[6] << 16 | (size_t)data[7] << 8 | (size_t)data[8];
    return data[5] == 1 && message + 4 >= record && message < 131072 &&
           data[9] == 3 && data[10] <= 4;
}
