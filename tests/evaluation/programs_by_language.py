"""One task in the ten languages of the codebleu package: a reference and an answer that differs a little."""

PROGRAMS = {
    "python": (
        "def total(values):\n    result = 0\n    for value in values:\n        if value > 0:\n"
        "            result += value\n    return result\n",
        "def total(values):\n    result = 0\n    for v in values:\n        result = result + v\n    return result\n",
    ),
    "javascript": (
        "function total(values) {\n  let result = 0;\n  for (const value of values) {\n    result += value;\n  }\n"
        "  return result;\n}\n",
        "function total(values) {\n  let sum = 0;\n  for (let i = 0; i < values.length; i++) {\n"
        "    sum += values[i];\n  }\n  return sum;\n}\n",
    ),
    "java": (
        "public static int total(int[] values) {\n    int result = 0;\n    for (int value : values) {\n"
        "        result += value;\n    }\n    return result;\n}\n",
        "public static int total(int[] values) {\n    int result = 0;\n    int i = 0;\n"
        "    while (i < values.length) {\n        result += values[i];\n        i++;\n    }\n    return result;\n}\n",
    ),
    "c": (
        "int total(int *values, int n) {\n    int result = 0;\n    for (int i = 0; i < n; i++) {\n"
        "        result = result + values[i];\n    }\n    return result;\n}\n",
        "int total(int *values, int n) {\n    int result = 0;\n    while (n-- > 0) result += values[n];\n"
        "    return result;\n}\n",
    ),
    "cpp": (
        "int total(const std::vector<int>& values) {\n    int result = 0;\n    for (int value : values) {\n"
        "        result += value;\n    }\n    return result;\n}\n",
        "int total(std::vector<int> values) {\n    int result = 0;\n    for (size_t i = 0; i < values.size(); i++) {\n"
        "        result = result + values[i];\n    }\n    return result;\n}\n",
    ),
    "csharp": (
        "static int Total(int[] values) {\n    int result = 0;\n    foreach (int value in values) {\n"
        "        result += value;\n    }\n    return result;\n}\n",
        "static int Total(int[] values) {\n    int result = 0;\n    for (int i = 0; i < values.Length; i++) {\n"
        "        result = result + values[i];\n    }\n    return result;\n}\n",
    ),
    "php": (
        "<?php\nfunction total($values) {\n    $result = 0;\n    foreach ($values as $value) {\n"
        "        $result += $value;\n    }\n    return $result;\n}\n",
        "<?php\nfunction total($values) {\n    $sum = 0;\n    foreach ($values as $v) {\n        $sum = $sum + $v;\n"
        "    }\n    return $sum;\n}\n",
    ),
    "ruby": (
        "def total(values)\n  result = 0\n  for value in values\n    result += value\n  end\n  result\nend\n",
        "def total(values)\n  sum = 0\n  values.each do |value|\n    sum = sum + value\n  end\n  sum\nend\n",
    ),
    "go": (
        "func total(values []int) int {\n\tresult := 0\n\tfor _, value := range values {\n\t\tresult += value\n\t}\n"
        "\treturn result\n}\n",
        "func total(values []int) int {\n\tresult := 0\n\tfor i := 0; i < len(values); i++ {\n"
        "\t\tresult = result + values[i]\n\t}\n\treturn result\n}\n",
    ),
    "rust": (
        "fn total(values: &[i32]) -> i32 {\n    let mut result = 0;\n    for value in values {\n"
        "        result += value;\n    }\n    result\n}\n",
        "fn total(values: &[i32]) -> i32 {\n    let mut sum = 0;\n    for i in 0..values.len() {\n"
        "        sum = sum + values[i];\n    }\n    return sum;\n}\n",
    ),
}
