"use strict";

const main = document.getElementById("operations");
const token = document.getElementById("token");
const find = document.getElementById("find");

function make(tag, kind, text) {
  const node = document.createElement(tag);
  if (kind) node.className = kind;
  if (text !== undefined) node.textContent = text;
  return node;
}

function resolved(api, schema, depth = 0) {
  if (!schema || depth > 6) return {};
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return resolved(api, api.components.schemas[name], depth + 1);
  }
  return schema;
}

function sample(api, schema, depth = 0) {
  const known = resolved(api, schema, depth);
  if (known.example !== undefined) return known.example;
  if (known.default !== undefined) return known.default;
  if (known.enum) return known.enum[0];
  const any = known.oneOf || known.anyOf || known.allOf;
  if (any) {
    const first = any.find((one) => one.type !== "null") || any[0];
    return depth > 5 ? null : sample(api, first, depth + 1);
  }
  const types = [].concat(known.type || (known.properties ? "object" : []));
  if (types.includes("object")) {
    const required = known.required || [];
    const entries = Object.entries(known.properties || {}).filter(([name]) => required.includes(name));
    return depth > 5 ? {} : Object.fromEntries(entries.map(([name, one]) => [name, sample(api, one, depth + 1)]));
  }
  if (types.includes("array")) return [];
  if (types.includes("integer") || types.includes("number")) return known.minimum || 0;
  if (types.includes("boolean")) return false;
  return types.includes("null") ? null : "";
}

function shell(word) {
  return "'" + word.replaceAll("'", "'\\''") + "'";
}

function operation(api, path, method, about) {
  const box = make("details");
  const head = make("summary");
  head.append(make("span", "method", method.toUpperCase()), make("span", "path", path));
  head.append(make("span", "about", (about.summary || "").replace(/\.$/, "")));
  const body = make("div", "body");
  box.append(head, body);
  box.addEventListener("toggle", () => {
    if (box.open && !body.childNodes.length) fill(api, path, method, about, body);
  });
  box.dataset.words = `${path} ${method} ${about.summary || ""} ${about.operationId || ""}`.toLowerCase();
  return box;
}

function fill(api, path, method, about, body) {
  if (about.description) body.append(make("p", "", about.description));
  body.append(make("p", "about", `permission: ${about["x-nimbus-permission"] || "none"}`));
  const inputs = (about.parameters || []).map((parameter) => {
    const row = make("label", "parameter");
    const input = make("input");
    input.placeholder = parameter.description || "";
    row.append(make("span", "", `${parameter.name} (${parameter.in}${parameter.required ? ", required" : ""})`), input);
    body.append(row);
    return [parameter, input];
  });
  let text = null;
  const content = about.requestBody && about.requestBody.content;
  if (content && content["application/json"]) {
    text = make("textarea");
    text.spellcheck = false;
    text.value = JSON.stringify(sample(api, content["application/json"].schema), null, 2);
    body.append(text);
  }
  const send = make("button", "", "Send");
  const line = make("pre");
  const answer = make("pre");
  line.hidden = answer.hidden = true;
  body.append(send, line, answer);
  send.addEventListener("click", () => call(path, method, inputs, text, line, answer));
}

async function call(path, method, inputs, text, line, answer) {
  let url = path;
  const query = new URLSearchParams();
  const headers = {};
  for (const [parameter, input] of inputs) {
    if (!input.value) continue;
    if (parameter.in === "path") url = url.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    if (parameter.in === "query") query.append(parameter.name, input.value);
    if (parameter.in === "header") headers[parameter.name] = input.value;
  }
  if (query.size) url += `?${query}`;
  if (token.value) headers.authorization = `Bearer ${token.value}`;
  if (text) headers["content-type"] = "application/json";
  const shown = Object.entries(headers).map(([name, value]) =>
    name === "authorization" ? ' -H "authorization: Bearer $NIMBUS_TOKEN"' : ` -H ${shell(`${name}: ${value}`)}`);
  line.textContent = `curl -X ${method.toUpperCase()} ${shell(location.origin + url)}${shown.join("")}`
    + (text ? ` -d ${shell(text.value)}` : "");
  line.hidden = answer.hidden = false;
  answer.textContent = "…";
  try {
    const got = await fetch(url, { method: method.toUpperCase(), headers, body: text ? text.value : undefined });
    const raw = await got.text();
    let pretty = raw;
    try { pretty = JSON.stringify(JSON.parse(raw), null, 2); } catch { /* text stays text */ }
    const names = ["location", "operation-location", "etag", "x-request-id", "nimbus-applied", "retry-after"];
    const kept = names.filter((name) => got.headers.get(name)).map((name) => `${name}: ${got.headers.get(name)}\n`);
    answer.textContent = `${got.status} ${got.statusText}\n${kept.join("")}\n${pretty}`;
  } catch (error) {
    answer.textContent = String(error);
  }
}

function narrow() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const box of main.querySelectorAll("details")) {
    box.hidden = !words.every((word) => box.dataset.words.includes(word));
  }
}

async function load() {
  const api = await (await fetch("/api/v1/openapi.json")).json();
  const groups = new Map();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of ["get", "post", "put", "patch", "delete"]) {
      if (!item[method]) continue;
      const tag = (item[method].tags || ["other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(api, path, method, item[method]));
    }
  }
  main.replaceChildren();
  for (const [tag, boxes] of [...groups].sort()) main.append(make("h2", "", tag), ...boxes);
}

find.addEventListener("input", narrow);
load().catch((error) => { main.replaceChildren(make("p", "", `The document cannot be read: ${error}`)); });
