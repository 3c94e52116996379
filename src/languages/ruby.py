"""Ruby."""

from src.languages.language import DataFlow, Language, Pattern
from src.languages.syntax import TreeSitter

_GRAMMAR = TreeSitter("tree_sitter_ruby")
# Only what is widely used: a gem that exists nowhere was made up, and requiring it is an error.
_GEMS = (
    "nokogiri rails active_record active_support active_model action_controller action_mailer action_view activerecord"
    " activesupport sinatra rspec httparty faraday rest-client rest_client sequel pg mysql mysql2 sqlite3 redis mongo"
    " mongoid devise pry byebug thor sidekiq resque puma thin rack bundler mechanize watir selenium-webdriver capybara"
    " cucumber twitter octokit aws-sdk aws-sdk-s3 bcrypt jwt money colorize tty-prompt rmagick RMagick mini_magick prawn"
    " roo spreadsheet axlsx builder haml slim gosu ruby2d oj ox typhoeus ffi minitest test factory_bot faker sanitize"
    " addressable concurrent concurrent-ruby eventmachine celluloid em-http-request websocket faye mail twilio-ruby stripe"
    " google geocoder kaminari will_paginate carrierwave paperclip dotenv pony highline terminal-table rake rubygems curb"
    " matrix prime bigdecimal csv webrick chronic i18n tzinfo yajl multi_json msgpack tk"
)

LANGUAGE = Language(
    name="ruby", label="Ruby", aliases="rb rails", rank=10, decisive_rank=5, highlight="python",
    named=Pattern(r"(?i)\bruby\b|\brails\b", "ruby|rails"), decisive=Pattern(r"\A\s*#!.*\bruby\b", "#!"),
    evidence=Pattern(
        r"(?m)^[^\S\n]*+(?:def [\w.?!=]++(?:\([^)]{0,300}+\))?[^\S\n]*+$|end[^\S\n]*+$|require ['\"]|elsif\b)"
        r"|\b(?:puts\b|do \|\w|attr_\w++|nil\b|unless\b|\d++\.times\b)|\{ ?\|\w[\w, ]*+\||#\{\w|=> ?[:'\"]"
        r"|\.(?:each\b|(?:map|select|inject|reduce)\(?&|\w++\?)|@\w++ =|(?<![\w:]):\w++(?= =>|,|\))"
        r"|^class \w++(?: < \w++)?[^\S\n]*+$"),
    line_start=r"(?:puts|end|else|elsif)\b(?!,)(?=.)", comments="#",
    parser=_GRAMMAR.error, top_level=_GRAMMAR.top_level, definitions="method class module singleton_method",
    file="main.rb", run="ruby main.rb",
    missing=((Pattern(r"cannot load such file -- (?!/)([\w-]+)"), _GEMS),),
    errors={"import": "LoadError", "name": "undefined local variable", "type": "NoMethodError"},
    reads_input=Pattern(r"\bgets\b|\bSTDIN\b|\$stdin\b"),
    data_flow=DataFlow(
        _GRAMMAR,
        declarations={"keyword_parameter": ("name", "value")}, assignments="assignment operator_assignment",
        each={"for": ("pattern", "value")}, loops="while_modifier until",
        branches="if elsif else unless when", alternatives="if elsif else unless when", paired="assignment", joint=True),
    keywords=
        "__ENCODING__ __FILE__ __LINE__ alias and BEGIN begin break case class def defined? do else elsif END end"
        " ensure false for if in module next nil not or redo rescue retry return self super then true undef unless"
        " until when while yield",
)  # fmt: skip
