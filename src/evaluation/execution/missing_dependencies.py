"""Recognises what a program needs and this machine lacks, so that it is not counted as wrong."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from src.schema import Execution


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Only what is widely used: a module that exists nowhere was made up, and importing it is an error.
_PYTHON_PACKAGES = _words(
    "numpy pandas matplotlib seaborn scipy sklearn sympy statsmodels requests bs4 lxml html5lib flask django fastapi"
    " pydantic sqlalchemy flask_sqlalchemy aiohttp httpx tornado scrapy selenium pytest nltk spacy textblob gensim"
    " tensorflow keras torch torchvision transformers xgboost lightgbm cv2 PIL skimage imageio pytesseract networkx"
    " plotly bokeh yaml toml dateutil pytz tweepy psycopg2 pymysql mysql pymongo redis boto3 botocore google openpyxl"
    " xlrd docx PyPDF2 pdfplumber reportlab psutil tqdm rich click colorama paramiko cryptography Crypto jwt bcrypt"
    " pygame tkinter Tkinter pyautogui pyttsx3 speech_recognition wikipedia feedparser discord telegram praw schedule"
    " joblib numba cython dask pyspark geopy folium shapely geopandas jinja2 markdown emoji fuzzywuzzy Levenshtein"
    " prettytable tabulate termcolor pyperclip qrcode pika kafka celery web3 stripe twilio win32com win32api"
)
_NODE_PACKAGES = _words(
    "express react react-dom vue axios lodash underscore jquery moment mongoose mongodb mysql mysql2 pg sequelize redis"
    " request request-promise node-fetch cheerio puppeteer jsdom socket.io ws body-parser cors dotenv bcrypt bcryptjs"
    " jsonwebtoken passport nodemailer chalk commander inquirer async bluebird rxjs redux react-redux mocha chai jest"
    " typescript webpack uuid validator multer morgan helmet graphql apollo-server d3 three discord.js koa hapi fastify"
    " next gulp fs-extra glob yargs winston xml2js csv-parser csv-parse prompt-sync readline-sync sqlite3 sharp"
)
_BROWSER_NAMES = _words(
    "document window alert confirm prompt $ jQuery localStorage sessionStorage XMLHttpRequest location history navigator"
    " Image Audio FileReader HTMLElement customElements requestAnimationFrame screen google React ReactDOM Vue angular"
    " THREE d3 Chart axios firebase chrome"
)
_COMMANDS = _words(
    "sudo su apt apt-get dpkg yum dnf pacman brew snap curl wget git svn docker docker-compose kubectl helm ssh scp sftp"
    " ftp rsync ping traceroute dig nslookup host ifconfig ip netstat ss nmap nc ncat telnet systemctl service"
    " journalctl crontab at mail mailx sendmail mysql mysqldump psql pg_dump mongo sqlite3 redis-cli jq yq xmllint"
    " ffmpeg convert zip unzip 7z rar bc dc at lsof top htop ps free vmstat iostat aws gcloud az terraform ansible npm"
    " npx node yarn pip pip3 python python2 python3 make cmake gcc g++ javac java php ruby perl go cargo rustc tree"
    " screen tmux vim nano less man file xxd hexdump openssl gpg iptables ufw mount umount fdisk useradd passwd"
)
_CRATES = _words(
    "rand serde serde_json tokio regex reqwest chrono clap rayon itertools lazy_static futures hyper"
)
_NO_NETWORK = re.compile(
    r"gaierror|Temporary failure in name resolution|Name or service not known|Network is unreachable|ENOTFOUND|EAI_AGAIN"
    r"|ENETUNREACH|Could not resolve host|UnknownHostException|unable to resolve host|php_network_getaddresses"
    r"|Failed to open TCP connection|dial tcp"
)

# language -> (what its error says, the names that count): group 1 is what is missing.
_MISSING: dict[str, tuple[tuple[str, Callable[[str], bool]], ...]] = {
    "python": ((r"No module named '(\w+)", _PYTHON_PACKAGES.__contains__),),
    "javascript": (
        (r"Cannot find (?:module|package) '((?:@[\w-]+/)?[\w.-]+)", _NODE_PACKAGES.__contains__),
        (r"ReferenceError: ([\w$]+) is not defined", _BROWSER_NAMES.__contains__),
    ),
    "bash": ((r"(?<![\w.+-])([\w.+-]++): command not found", _COMMANDS.__contains__),),
    "c": ((r"fatal error: ([\w./+-]+): No such file", bool),),
    "java": ((r"package ([\w.]+) does not exist", lambda name: not re.match(r"java\.|[A-Z]", name)),),
    "php": (
        (r"could not find (driver)", bool),
        (r"undefined function (mysqli?_\w+|curl_\w+|mb_\w+|image\w+)", bool),
        (r"Class \"(mysqli|PDO|DOMDocument|SimpleXMLElement)\" not found", bool),
    ),
    "ruby": ((r"cannot load such file -- ([\w/-]+)", lambda name: not name.startswith(("/", "."))),),
    "go": (
        (r"package ([\w-]+\.[\w./-]+) (?:is not|in any)", bool),
        (r"no required module provides package ([\w.-]+\.[\w./-]+)", bool),
    ),
    "rust": (
        (
            r"(?:unresolved import|undeclared crate or module|can't find crate for) `(\w+)",
            _CRATES.__contains__,
        ),
    ),
}
_MISSING["typescript"] = _MISSING["javascript"]
_MISSING["cpp"] = _MISSING["c"]


def marked_missing(language: str, execution: Execution) -> Execution:
    """`execution` as not_run with what is missing, where that is why it failed; otherwise as it is.

    A package, header, command or browser that the machine lacks says nothing about the program, like a missing
    compiler. What the program wrote decides, so a program could exclude itself from the count this way, but
    never pass: coverage shows how many are excluded.
    """
    if execution.outcome != "error":
        return execution
    text = f"{execution.detail}\n{execution.stderr[-8_000:]}"
    for pattern, counts in _MISSING.get(language, ()):
        for found in re.finditer(pattern, text):
            if counts(found.group(1)):
                return dataclasses.replace(execution, outcome="not_run", detail=f"no {found.group(1)}")
    if _NO_NETWORK.search(text):
        return dataclasses.replace(execution, outcome="not_run", detail="no network")
    return execution
