"""What the system answers when a file cannot be read or written, said in French."""

import errno
import re

_SAID = {
    errno.ENOENT: "il n'existe pas",
    errno.EACCES: "l'accès en est refusé",
    errno.EPERM: "l'accès en est refusé",
    errno.EROFS: "le support est en lecture seule",
    errno.ENOSPC: "il n'y a plus de place sur le disque",
    errno.EDQUOT: "le quota de disque est atteint",
    errno.EFBIG: "il dépasse la taille permise",
    errno.ENAMETOOLONG: "son nom est trop long",
    errno.ENOTDIR: "son dossier n'en est pas un",
    errno.EISDIR: "c'est un dossier",
    errno.ELOOP: "ses liens tournent en rond",
    errno.EIO: "le disque ne répond pas comme il faut",
    errno.EMFILE: "trop de fichiers sont ouverts",
}
# Arrow tells the number in its own words.
_NUMBER = re.compile(r"\[errno (\d+)\]", re.IGNORECASE)


def said(err: OSError) -> str:
    """Say why, for the end of a sentence about the file."""
    found = _NUMBER.search(str(err))
    number = err.errno or (int(found[1]) if found else None)
    return _SAID.get(number or 0, err.strerror or "le système ne dit pas pourquoi")
