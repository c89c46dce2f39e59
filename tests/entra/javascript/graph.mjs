// Microsoft's Graph client, told what to do: one command a line on stdin, one answer a line on stdout, both JSON.
// The first line is {root, token}. It runs in the folder that npm has filled, which is not the one that this file is in.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { Client, PageIterator } = createRequire(`${process.cwd()}/`)("@microsoft/microsoft-graph-client");

function connected({ root, token }) {
  return Client.init({
    baseUrl: root,
    // without it the client keeps the token to Microsoft's own hosts
    customHosts: new Set([new URL(root).hostname]),
    authProvider: (done) => done(null, token),
  });
}

function asked(client, { path, headers = {}, query = {} }) {
  const { filter, select, top, count } = query;
  const request = client.api(path).headers(headers);
  if (filter !== undefined) request.filter(filter);
  if (select !== undefined) request.select(select);
  if (top !== undefined) request.top(top);
  if (count !== undefined) request.count(count);
  return request;
}

const commands = {
  get: (client, command) => asked(client, command).get(),
  post: (client, command) => asked(client, command).post(command.body),
  patch: (client, command) => asked(client, command).patch(command.body),
  delete: (client, command) => asked(client, command).delete(),

  // every item of every page, with a pause after the first `pause` of them
  async pages(client, command) {
    const items = [];
    const more = (item) => items.push(item) !== command.pause;
    const pages = new PageIterator(client, await asked(client, command).get(), more);
    await pages.iterate();
    const before = items.length;
    if (!pages.isComplete()) await pages.resume();
    return { items, before, complete: pages.isComplete() };
  },
};

function told(error) {
  const { statusCode, code, message, requestId } = error;
  return { kind: error.constructor.name, statusCode, code, message, requestId };
}

let client;
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (client === undefined) {
    client = connected(command);
    continue;
  }
  const answer = await commands[command.do](client, command).then(
    (body) => ({ body }),
    (error) => ({ error: told(error) }),
  );
  console.log(JSON.stringify(answer));
}
