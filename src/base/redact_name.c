/* SPDX-License-Identifier: MIT */
#include "base/redact.h"

/* Names longer than this are judged by their end. */
#define NAME_MAX_LENGTH 120

struct word {
    str text;
    bool anywhere; /* the end of a longer word will do, as in accesstoken */
};

#define WORD(literal)                                                                              \
    {                                                                                              \
        STR_INIT(literal), false                                                                   \
    }
#define ENDING(literal)                                                                            \
    {                                                                                              \
        STR_INIT(literal), true                                                                    \
    }

/* In lower case, without anything between the words. */
/* clang-format off */
static const struct word words[] = {
    ENDING("password"), ENDING("passwords"), ENDING("passwd"), ENDING("passphrase"),
    ENDING("passcode"), ENDING("secret"), ENDING("secrets"), ENDING("token"), ENDING("tokens"),
    ENDING("apikey"), ENDING("apikeys"), ENDING("secretkey"), ENDING("privatekey"),
    ENDING("accesskey"), ENDING("signingkey"), ENDING("encryptionkey"), ENDING("authkey"),
    ENDING("authorization"), ENDING("authentication"), ENDING("credential"),
    ENDING("credentials"), ENDING("cookie"), ENDING("cookies"), ENDING("signature"),
    ENDING("cardnumber"), ENDING("cardno"), ENDING("creditcard"), ENDING("debitcard"),
    ENDING("accountnumber"), ENDING("routingnumber"), ENDING("securitycode"),
    WORD("pwd"), WORD("pass"), WORD("pw"), WORD("auth"), WORD("jwt"), WORD("bearer"), WORD("otp"),
    WORD("csrf"), WORD("sid"), WORD("sessionid"), WORD("sig"), WORD("hmac"),
    WORD("card"), WORD("ccnum"), WORD("ccnumber"), WORD("pan"), WORD("cvv"),
    WORD("cvc"), WORD("cvn"), WORD("csc"), WORD("pin"), WORD("iban"), WORD("ssn"),
    WORD("socialsecurity"),
};

/* clang-format on */

/* A name without what stands between its words. */
struct letters {
    char text[NAME_MAX_LENGTH + 1];
    bool starts[NAME_MAX_LENGTH + 1]; /* a word begins here; the one behind the last is true */
    size_t len;
};

static int hex_digit(char c)
{
    if (char_is_digit(c))
        return c - '0';
    c = char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int hex_value(str digits)
{
    int value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = hex_digit(digits.ptr[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Takes one character off the front, with %41 and \u0041 read; what is not ASCII is '\0'. */
static char next_character(str *rest)
{
    char c = rest->ptr[0];
    size_t length = 1;
    int value = (unsigned char)c;
    if (c == '%' && rest->len >= 3 && hex_value(str_from(rest->ptr + 1, 2)) >= 0) {
        value = hex_value(str_from(rest->ptr + 1, 2));
        length = 3;
    } else if (c == '\\' && rest->len >= 6 && rest->ptr[1] == 'u' &&
               hex_value(str_from(rest->ptr + 2, 4)) >= 0) {
        value = hex_value(str_from(rest->ptr + 2, 4));
        length = 6;
    }
    *rest = str_skip(*rest, length);
    return value < 0x80 ? (char)value : '\0';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Between clientSecret's t and S, APIKey's I and K, cvv2's v and 2. */
static bool parts(char before, char c, char next)
{
    if (char_is_digit(before) != char_is_digit(c))
        return true;
    return is_upper(c) && (!is_upper(before) || (char_is_alpha(next) && !is_upper(next)));
}

static struct letters read_letters(str name)
{
    struct letters letters = {};
    str rest = name.len > NAME_MAX_LENGTH ? str_skip(name, name.len - NAME_MAX_LENGTH) : name;
    char before = '\0';
    char c = rest.len > 0 ? next_character(&rest) : '\0';
    for (bool more = name.len > 0; more;) {
        more = rest.len > 0;
        char next = more ? next_character(&rest) : '\0';
        if (char_is_alpha(c) || char_is_digit(c)) {
            letters.starts[letters.len] = before == '\0' || parts(before, c, next);
            letters.text[letters.len++] = char_lower(c);
            before = c;
        } else {
            before = '\0';
        }
        c = next;
    }
    letters.starts[letters.len] = true;
    return letters;
}

static bool has_word(const struct letters *letters, const struct word *word)
{
    for (size_t at = 0; at + word->text.len <= letters->len; at++) {
        size_t end = at + word->text.len;
        bool whole = letters->starts[at] && letters->starts[end];
        bool ending = word->anywhere && end == letters->len;
        if ((whole || ending) && memcmp(letters->text + at, word->text.ptr, word->text.len) == 0)
            return true;
    }
    return false;
}

bool redact_name(str name)
{
    struct letters letters = read_letters(name);
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (has_word(&letters, &words[i]))
            return true;
    return false;
}
