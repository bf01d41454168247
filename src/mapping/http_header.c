/* SPDX-License-Identifier: MIT */
#include "mapping/http_header.h"

static const str reserved[] = {
    STR_INIT("Host"),
    STR_INIT("Content-Length"),
    STR_INIT("Transfer-Encoding"),
    STR_INIT("Connection"),
    STR_INIT("Keep-Alive"),
    STR_INIT("Upgrade"),
    STR_INIT("TE"),
    STR_INIT("Trailer"),
    STR_INIT("Expect"),
    STR_INIT("Proxy-Authorization"),
    STR_INIT("Proxy-Connection"),
    STR_INIT("HTTP2-Settings"),
    STR_INIT("Junctor-Hops"),
    STR_INIT("Junctor-Outlet"),
};

bool header_name_is_valid(str name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && (c == '\0' || strchr(others, c) == NULL))
            return false;
    }
    return name.len > 0;
}

bool header_value_is_valid(str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool header_value_has_blank_ends(str value)
{
    return str_trim(value).len < value.len;
}

bool header_is_reserved(str name)
{
    for (size_t i = 0; i < COUNT_OF(reserved); i++)
        if (str_equal_nocase(name, reserved[i]))
            return true;
    return false;
}
