"""Bash, and what is common to shells."""

import re

from src.languages.language import Evidence, Language, Pattern

_PHP_STATEMENT = re.compile(r"^(?>.*?\$\w).*;[^\S\n]*+$", re.MULTILINE)
_COMMANDS = (
    "sudo su apt apt-get dpkg yum dnf pacman brew snap curl wget git svn docker docker-compose kubectl helm ssh scp sftp"
    " ftp rsync ping traceroute dig nslookup host ifconfig ip netstat ss nmap nc ncat telnet systemctl service"
    " journalctl crontab at mail mailx sendmail mysql mysqldump psql pg_dump mongo sqlite3 redis-cli jq yq xmllint"
    " ffmpeg convert zip unzip 7z rar bc dc at lsof top htop ps free vmstat iostat aws gcloud az terraform ansible npm"
    " npx node yarn pip pip3 python python2 python3 make cmake gcc g++ javac java php ruby perl go cargo rustc tree"
    " screen tmux vim nano less man file xxd hexdump openssl gpg iptables ufw mount umount fdisk useradd passwd"
)


def _weigh(text: str, evidence: Evidence) -> float:
    """The dollars of PHP are no shell's."""
    return 0 if evidence["php"] >= 2 and _PHP_STATEMENT.search(text) else evidence["bash"]


LANGUAGE = Language(
    name="bash", label="Bash", aliases="sh shell zsh console shellscript shell-session terminal", rank=7, decisive_rank=2,
    highlight="shell",
    named=Pattern(
        r"(?i)\b(?:bash|shell|(?:unix|linux|terminal|command[- ]line) command)\b|\bcommand line\b",
        "bash|shell|command"),
    decisive=Pattern(
        r"\A\s*+(?:#!.*\b(?:ba|z|k|da)?sh\b|(?:\$ )?(?:curl|wget) ++(?:-|['\"]?https?:))", "#!|curl|wget"),
    evidence=Pattern(
        r"(?m)^[^\S\n]*+(?:(?:sudo |\$ )?(?:ls|grep|awk|sed|cat|echo|cd|mkdir|rmdir|rm|cp|mv|find|curl|wget|docker"
        r"|git|npm|yarn|pip3?|sudo|chmod|chown|tar|zip|unzip|gzip|ssh|scp|rsync|ps|kill|df|du|head"
        r"|tail|sort|uniq|wc|cut|tr|touch|export|source|apt(?:-get)?|yum|crontab|man|which|read|ping"
        r"|netstat|ifconfig|systemctl|service|date|seq|xargs|diff|ln|free|uptime|whoami|printf|brew"
        r"|make|nohup|kubectl|tee|env|alias|history|lsof|top|openssl|ffmpeg|python3?|node|set|exit"
        r"|while read|gcc|pwd|ip|uname)(?: |$)(?![=(])|(?:fi|done|esac)\b|(?:if|while|until) \[|\w++=\$"
        r"|for \w++ in .*(?:; do|$)(?<!:)|then[^\S\n]*+$)|\$\(|\$\{?\w++"
        r"|; ?(?:then|do)\b|\]\]|\| ?(?:grep|awk|sed|sort|wc|xargs|head|tail)\b|>&2|/dev/null"),
    weigh=_weigh, bare_lines=True, line_start=r"(?:echo)\b(?!,)(?=.)", comments="#",
    prompt=Pattern(r"(?m)^[^\S\n]*+\$ ", "$ "),
    file="main.sh", run="bash main.sh",
    missing=((Pattern(r"(?<![\w./+-])([\w.+-]++): command not found"), _COMMANDS),),
    errors={
        "name": "command not found", "syntax": "syntax error|unexpected (?:token|end of file)|unexpected EOF"},
    reads_input=Pattern(r"(?m)^[^\S\n]*+read\b(?![^\n]{0,200}<)|;[^\S\n]*+read\b"),
)  # fmt: skip
