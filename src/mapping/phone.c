/* SPDX-License-Identifier: MIT */
#include "mapping/phone.h"

#define DIGITS_LEAST 6
#define DIGITS_MOST 15

struct country {
    char iso[3];
    char calling_code[4];
    char trunk[3]; /* what is dialled before a national number, and not from abroad; may be empty */
    int length;    /* the trunk is one only before so many digits; 0: before any */
};

/* Sorted by iso. */
static const struct country countries[] = {
    /* clang-format off: columns */
    { "AC", "247", "", 0 },  { "AD", "376", "", 0 },   { "AE", "971", "0", 0 },
    { "AF", "93", "0", 0 },  { "AG", "1", "1", 10 },   { "AI", "1", "1", 10 },
    { "AL", "355", "0", 0 }, { "AM", "374", "0", 0 },  { "AO", "244", "", 0 },
    { "AR", "54", "0", 0 },  { "AS", "1", "1", 10 },   { "AT", "43", "0", 0 },
    { "AU", "61", "0", 0 },  { "AW", "297", "", 0 },   { "AX", "358", "0", 0 },
    { "AZ", "994", "0", 0 }, { "BA", "387", "0", 0 },  { "BB", "1", "1", 10 },
    { "BD", "880", "0", 0 }, { "BE", "32", "0", 0 },   { "BF", "226", "", 0 },
    { "BG", "359", "0", 0 }, { "BH", "973", "", 0 },   { "BI", "257", "", 0 },
    { "BJ", "229", "", 0 },  { "BL", "590", "0", 0 },  { "BM", "1", "1", 10 },
    { "BN", "673", "", 0 },  { "BO", "591", "0", 0 },  { "BQ", "599", "", 0 },
    { "BR", "55", "0", 0 },  { "BS", "1", "1", 10 },   { "BT", "975", "", 0 },
    { "BW", "267", "", 0 },  { "BY", "375", "80", 9 }, { "BZ", "501", "", 0 },
    { "CA", "1", "1", 10 },  { "CC", "61", "0", 0 },   { "CD", "243", "0", 0 },
    { "CF", "236", "", 0 },  { "CG", "242", "", 0 },   { "CH", "41", "0", 0 },
    { "CI", "225", "", 0 },  { "CK", "682", "", 0 },   { "CL", "56", "", 0 },
    { "CM", "237", "", 0 },  { "CN", "86", "0", 0 },   { "CO", "57", "0", 0 },
    { "CR", "506", "", 0 },  { "CU", "53", "0", 0 },   { "CV", "238", "", 0 },
    { "CW", "599", "", 0 },  { "CX", "61", "0", 0 },   { "CY", "357", "", 0 },
    { "CZ", "420", "", 0 },  { "DE", "49", "0", 0 },   { "DJ", "253", "", 0 },
    { "DK", "45", "", 0 },   { "DM", "1", "1", 10 },   { "DO", "1", "1", 10 },
    { "DZ", "213", "0", 0 }, { "EC", "593", "0", 0 },  { "EE", "372", "", 0 },
    { "EG", "20", "0", 0 },  { "EH", "212", "0", 0 },  { "ER", "291", "0", 0 },
    { "ES", "34", "", 0 },   { "ET", "251", "0", 0 },  { "FI", "358", "0", 0 },
    { "FJ", "679", "", 0 },  { "FK", "500", "", 0 },   { "FM", "691", "", 0 },
    { "FO", "298", "", 0 },  { "FR", "33", "0", 0 },   { "GA", "241", "", 0 },
    { "GB", "44", "0", 0 },  { "GD", "1", "1", 10 },   { "GE", "995", "0", 0 },
    { "GF", "594", "0", 0 }, { "GG", "44", "0", 0 },   { "GH", "233", "0", 0 },
    { "GI", "350", "", 0 },  { "GL", "299", "", 0 },   { "GM", "220", "", 0 },
    { "GN", "224", "", 0 },  { "GP", "590", "0", 0 },  { "GQ", "240", "", 0 },
    { "GR", "30", "", 0 },   { "GT", "502", "", 0 },   { "GU", "1", "1", 10 },
    { "GW", "245", "", 0 },  { "GY", "592", "", 0 },   { "HK", "852", "", 0 },
    { "HN", "504", "", 0 },  { "HR", "385", "0", 0 },  { "HT", "509", "", 0 },
    { "HU", "36", "06", 0 }, { "ID", "62", "0", 0 },   { "IE", "353", "0", 0 },
    { "IL", "972", "0", 0 }, { "IM", "44", "0", 0 },   { "IN", "91", "0", 0 },
    { "IO", "246", "", 0 },  { "IQ", "964", "0", 0 },  { "IR", "98", "0", 0 },
    { "IS", "354", "", 0 },  { "IT", "39", "", 0 },    { "JE", "44", "0", 0 },
    { "JM", "1", "1", 10 },  { "JO", "962", "0", 0 },  { "JP", "81", "0", 0 },
    { "KE", "254", "0", 0 }, { "KG", "996", "0", 0 },  { "KH", "855", "0", 0 },
    { "KI", "686", "0", 0 }, { "KM", "269", "", 0 },   { "KN", "1", "1", 10 },
    { "KP", "850", "0", 0 }, { "KR", "82", "0", 0 },   { "KW", "965", "", 0 },
    { "KY", "1", "1", 10 },  { "KZ", "7", "8", 10 },   { "LA", "856", "0", 0 },
    { "LB", "961", "0", 0 }, { "LC", "1", "1", 10 },   { "LI", "423", "0", 0 },
    { "LK", "94", "0", 0 },  { "LR", "231", "0", 0 },  { "LS", "266", "", 0 },
    { "LT", "370", "0", 0 }, { "LU", "352", "", 0 },   { "LV", "371", "", 0 },
    { "LY", "218", "0", 0 }, { "MA", "212", "0", 0 },  { "MC", "377", "0", 0 },
    { "MD", "373", "0", 0 }, { "ME", "382", "0", 0 },  { "MF", "590", "0", 0 },
    { "MG", "261", "0", 0 }, { "MH", "692", "1", 7 },  { "MK", "389", "0", 0 },
    { "ML", "223", "", 0 },  { "MM", "95", "0", 0 },   { "MN", "976", "0", 0 },
    { "MO", "853", "", 0 },  { "MP", "1", "1", 10 },   { "MQ", "596", "0", 0 },
    { "MR", "222", "", 0 },  { "MS", "1", "1", 10 },   { "MT", "356", "", 0 },
    { "MU", "230", "", 0 },  { "MV", "960", "", 0 },   { "MW", "265", "0", 0 },
    { "MX", "52", "", 0 },   { "MY", "60", "0", 0 },   { "MZ", "258", "", 0 },
    { "NA", "264", "0", 0 }, { "NC", "687", "", 0 },   { "NE", "227", "", 0 },
    { "NF", "672", "", 0 },  { "NG", "234", "0", 0 },  { "NI", "505", "", 0 },
    { "NL", "31", "0", 0 },  { "NO", "47", "", 0 },    { "NP", "977", "0", 0 },
    { "NR", "674", "", 0 },  { "NU", "683", "", 0 },   { "NZ", "64", "0", 0 },
    { "OM", "968", "", 0 },  { "PA", "507", "", 0 },   { "PE", "51", "0", 0 },
    { "PF", "689", "", 0 },  { "PG", "675", "", 0 },   { "PH", "63", "0", 0 },
    { "PK", "92", "0", 0 },  { "PL", "48", "", 0 },    { "PM", "508", "0", 0 },
    { "PR", "1", "1", 10 },  { "PS", "970", "0", 0 },  { "PT", "351", "", 0 },
    { "PW", "680", "", 0 },  { "PY", "595", "0", 0 },  { "QA", "974", "", 0 },
    { "RE", "262", "0", 0 }, { "RO", "40", "0", 0 },   { "RS", "381", "0", 0 },
    { "RU", "7", "8", 10 },  { "RW", "250", "0", 0 },  { "SA", "966", "0", 0 },
    { "SB", "677", "", 0 },  { "SC", "248", "", 0 },   { "SD", "249", "0", 0 },
    { "SE", "46", "0", 0 },  { "SG", "65", "", 0 },    { "SH", "290", "", 0 },
    { "SI", "386", "0", 0 }, { "SJ", "47", "", 0 },    { "SK", "421", "0", 0 },
    { "SL", "232", "0", 0 }, { "SM", "378", "", 0 },   { "SN", "221", "", 0 },
    { "SO", "252", "0", 0 }, { "SR", "597", "", 0 },   { "SS", "211", "0", 0 },
    { "ST", "239", "", 0 },  { "SV", "503", "", 0 },   { "SX", "1", "1", 10 },
    { "SY", "963", "0", 0 }, { "SZ", "268", "", 0 },   { "TA", "290", "", 0 },
    { "TC", "1", "1", 10 },  { "TD", "235", "", 0 },   { "TG", "228", "", 0 },
    { "TH", "66", "0", 0 },  { "TJ", "992", "", 0 },   { "TK", "690", "", 0 },
    { "TL", "670", "", 0 },  { "TM", "993", "8", 8 },  { "TN", "216", "", 0 },
    { "TO", "676", "", 0 },  { "TR", "90", "0", 0 },   { "TT", "1", "1", 10 },
    { "TV", "688", "", 0 },  { "TW", "886", "0", 0 },  { "TZ", "255", "0", 0 },
    { "UA", "380", "0", 0 }, { "UG", "256", "0", 0 },  { "US", "1", "1", 10 },
    { "UY", "598", "0", 0 }, { "UZ", "998", "", 0 },   { "VA", "39", "", 0 },
    { "VC", "1", "1", 10 },  { "VE", "58", "0", 0 },   { "VG", "1", "1", 10 },
    { "VI", "1", "1", 10 },  { "VN", "84", "0", 0 },   { "VU", "678", "", 0 },
    { "WF", "681", "", 0 },  { "WS", "685", "", 0 },   { "XK", "383", "0", 0 },
    { "YE", "967", "0", 0 }, { "YT", "262", "0", 0 },  { "ZA", "27", "0", 0 },
    { "ZM", "260", "0", 0 }, { "ZW", "263", "0", 0 },
    /* clang-format on */
};

static const struct country *find_country(str iso)
{
    size_t low = 0;
    size_t high = COUNT_OF(countries);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_compare(str_c(countries[middle].iso), iso);
        if (order == 0)
            return &countries[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool phone_country_is_known(str country)
{
    return find_country(country) != NULL;
}

/* Calling codes are prefix-free: at most one fits, though several countries may share it. */
static bool trunk_is_zero(str digits)
{
    for (size_t i = 0; i < COUNT_OF(countries); i++)
        if (str_starts(digits, str_c(countries[i].calling_code)))
            return str_equal(str_c(countries[i].trunk), STR("0"));
    return false;
}

struct digits {
    char bytes[DIGITS_MOST + 3]; /* "00" before a number of full length */
    size_t count;
};

static str digits_str(const struct digits *digits)
{
    return str_from(digits->bytes, digits->count);
}

/* False: something else than digits and the marks between them, or too many digits. */
static bool take_digits(str text, bool international, struct digits *ret_digits)
{
    struct digits digits = {};
    while (text.len > 0) {
        char c = text.ptr[0];
        if (international && str_starts(text, STR("(0)")) && trunk_is_zero(digits_str(&digits))) {
            text = str_skip(text, 3);
            continue;
        }
        if (char_is_digit(c)) {
            if (digits.count == sizeof(digits.bytes))
                return false;
            digits.bytes[digits.count++] = c;
        } else if (strchr(" .-()", c) == NULL || c == '\0') {
            return false;
        }
        text = str_skip(text, 1);
    }
    *ret_digits = digits;
    return true;
}

static str without_trunk(const struct country *country, str national)
{
    str trunk = str_c(country->trunk);
    if (trunk.len == 0 || !str_starts(national, trunk))
        return national;
    str rest = str_skip(national, trunk.len);
    return country->length == 0 || rest.len == (size_t)country->length ? rest : national;
}

bool phone_read(str text, str country_code, struct arena *arena, str *ret_e164)
{
    text = str_trim(text);
    bool international = str_starts(text, STR("+"));
    if (international)
        text = str_skip(text, 1);
    struct digits digits;
    if (!take_digits(text, international, &digits))
        return false;
    str number = digits_str(&digits);
    str code = {};
    if (!international) {
        const struct country *country = find_country(country_code);
        if (country == NULL)
            return false;
        if (str_starts(number, STR("00"))) {
            number = str_skip(number, 2);
            international = true;
        } else {
            if (number.len < DIGITS_LEAST)
                return false;
            number = without_trunk(country, number);
            code = str_c(country->calling_code);
        }
    }
    if (number.len + code.len < DIGITS_LEAST || number.len + code.len > DIGITS_MOST ||
        (international && number.ptr[0] == '0'))
        return false;
    *ret_e164 = arena_format(arena, "+%.*s%.*s", STR_ARG(code), STR_ARG(number));
    return true;
}
