/* SPDX-License-Identifier: MIT
 * What goes into a command of FTP or into a path of SFTP: a line's end in it would be a command of
 * somebody else's. */
#include "delivery/upload.h"

#include "base/digest.h"

#define FINGERPRINT STR("SHA256:")
#define FINGERPRINT_LEN 43 /* 32 bytes in base64, without padding */

str upload_name_fault(str name)
{
    if (name.len == 0 || name.len > UPLOAD_NAME_MAX)
        return STR("A file's name has 1 to 200 bytes.");
    if (str_index(name, '/') >= 0 || str_index(name, '\\') >= 0 || str_has_control(name))
        return STR("A file's name holds no slash, no backslash and no control characters.");
    if (name.ptr[0] == '.' || name.ptr[0] == ' ')
        return STR("A file's name does not begin with a dot or a space.");
    return (str){};
}

str upload_directory_fault(str directory)
{
    if (directory.len > UPLOAD_DIRECTORY_MAX)
        return STR("The directory is longer than 1024 bytes.");
    if (str_has_control(directory) || str_index(directory, '\\') >= 0)
        return STR("The directory holds a control character or a backslash: write it with slashes, "
                   "as in /exports/orders.");
    while (directory.len > 0)
        if (str_equal(str_cut(&directory, '/'), STR("..")))
            return STR("The directory holds \"..\": write where it leads to.");
    return (str){};
}

str upload_login_fault(str user_or_password)
{
    if (user_or_password.len > UPLOAD_LOGIN_MAX)
        return STR("User and password are at most 255 bytes long.");
    if (str_has_control(user_or_password))
        return STR("User and password hold no control characters.");
    return (str){};
}

/* The next of them, or empty: there is none any more. */
static str next_key(str *rest)
{
    str key = {};
    while (key.len == 0 && rest->len > 0)
        key = str_cut(rest, ' ');
    return str_ends(key, STR("=")) ? str_head(key, key.len - 1) : key;
}

static bool is_fingerprint(str key)
{
    if (!str_starts(key, FINGERPRINT) || key.len != FINGERPRINT.len + FINGERPRINT_LEN)
        return false;
    for (size_t i = FINGERPRINT.len; i < key.len; i++)
        if (!char_is_alpha(key.ptr[i]) && !char_is_digit(key.ptr[i]) && key.ptr[i] != '+' &&
            key.ptr[i] != '/')
            return false;
    return true;
}

str upload_host_keys_fault(str host_keys)
{
    if (host_keys.len > UPLOAD_HOST_KEYS_MAX)
        return STR("The host keys are longer than 512 bytes.");
    for (str key = next_key(&host_keys); key.len > 0; key = next_key(&host_keys))
        if (!is_fingerprint(key))
            return STR("A host key is written as its fingerprint, SHA256: and 43 characters, as "
                       "\"ssh-keygen -l\" prints it; several with spaces between.");
    return (str){};
}

str upload_fault(const struct upload *upload)
{
    const str faults[] = { upload_name_fault(upload->name),
                           upload_directory_fault(upload->directory),
                           upload_login_fault(upload->user), upload_login_fault(upload->password),
                           upload_host_keys_fault(upload->host_keys) };
    for (size_t i = 0; i < COUNT_OF(faults); i++)
        if (faults[i].len > 0)
            return faults[i];
    return (str){};
}

str upload_fingerprint(str key, struct arena *arena)
{
    struct digest digest = digest_sha256(key);
    str text = base64_write(arena, digest_str(&digest));
    return arena_format(arena, "SHA256:%.*s", STR_ARG(str_head(text, FINGERPRINT_LEN)));
}

bool upload_host_key_is(str host_keys, str fingerprint)
{
    for (str key = next_key(&host_keys); key.len > 0; key = next_key(&host_keys))
        if (str_equal(key, fingerprint))
            return true;
    return false;
}
