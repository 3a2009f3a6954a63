export interface Call {
  url: string;
  body: unknown;
}

export interface SampleLanguage {
  id: string;
  name: string;
  write: (call: Call) => string;
}

const KEY = "YOUR_API_KEY";

function json(body: unknown, indent = 2): string {
  return JSON.stringify(body, null, indent);
}

/** A text between single quotes of a shell. */
function shell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A text between single quotes of PHP. */
function php(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** JSON as a value of Python. */
function python(value: unknown, indent = ""): string {
  const inner = `${indent}    `;
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[\n${value.map((each) => `${inner}${python(each, inner)},\n`).join("")}${indent}]`;
  if (typeof value === "object")
    return `{\n${Object.entries(value)
      .map(([name, each]) => `${inner}${JSON.stringify(name)}: ${python(each, inner)},\n`)
      .join("")}${indent}}`;
  return JSON.stringify(value);
}

/** A text between back quotes of Go, which cannot hold one. */
function go(text: string): string {
  return text.includes("`") ? JSON.stringify(text) : `\`${text}\``;
}

export const SAMPLE_LANGUAGES: readonly SampleLanguage[] = [
  {
    id: "php",
    name: "PHP",
    write: ({ url, body }) => `<?php
$curl = curl_init();

// Payload JSON
$payload = ${php(json(body))};

curl_setopt_array($curl, array(
  CURLOPT_URL => ${php(url)},
  CURLOPT_RETURNTRANSFER => true,
  CURLOPT_HTTP_VERSION => CURL_HTTP_VERSION_1_1,
  CURLOPT_CUSTOMREQUEST => 'POST',
  CURLOPT_POSTFIELDS => $payload,
  CURLOPT_HTTPHEADER => array(
    'Authorization: Bearer ${KEY}',
    'Content-Type: application/json'
  ),
));

$response = curl_exec($curl);
curl_close($curl);
echo $response;
`,
  },
  {
    id: "curl",
    name: "curl",
    write: ({ url, body }) => `curl ${shell(url)} \\
  -H 'Authorization: Bearer ${KEY}' \\
  -H 'Content-Type: application/json' \\
  -d ${shell(json(body))}
`,
  },
  {
    id: "python",
    name: "Python",
    write: ({ url, body }) => `import json
import urllib.request

payload = ${python(body)}
request = urllib.request.Request(
    ${JSON.stringify(url)},
    data=json.dumps(payload).encode(),
    headers={
        "Authorization": "Bearer ${KEY}",
        "Content-Type": "application/json",
    },
)
with urllib.request.urlopen(request) as response:
    print(response.read().decode())
`,
  },
  {
    id: "node",
    name: "Node",
    write: ({ url, body }) => `const response = await fetch(${JSON.stringify(url)}, {
  method: "POST",
  headers: {
    Authorization: "Bearer ${KEY}",
    "Content-Type": "application/json",
  },
  body: JSON.stringify(${json(body).replaceAll("\n", "\n  ")}),
});
console.log(await response.json());
`,
  },
  {
    id: "go",
    name: "Go",
    write: ({ url, body }) => `package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

func main() {
	payload := ${go(json(body))}
	request, err := http.NewRequest("POST", ${JSON.stringify(url)}, strings.NewReader(payload))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer ${KEY}")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(answer))
}
`,
  },
];
