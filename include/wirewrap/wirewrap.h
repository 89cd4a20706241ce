#ifndef WIREWRAP_WIREWRAP_H
#define WIREWRAP_WIREWRAP_H

/* Everything the library offers.  A program's walk through it:
 *
 *     ww_endpoint_parse -> ww_dial, or ww_listen and accept4(2)
 *         -> ww_stream_plain -> ww_stream_tls (to wrap it; ww_tls_new made the context)
 *         -> ww_handshake_by -> ww_write_by, ww_read_by
 *         -> ww_finish_by -> ww_stream_free */

#include "wirewrap/endpoint.h"
#include "wirewrap/error.h"
#include "wirewrap/net.h"
#include "wirewrap/stream.h"
#include "wirewrap/tls.h"

#endif
