/**
 * The same fan-out in Node: a Socket.IO server that stores nothing. POST /posts?topic=…&bytes=… emits an event of that size to
 * all in the topic. Usage: node bench/node_server.mjs PORT
 */
import { createServer } from "node:http";
import { Server } from "socket.io";

let number = 0;

const http = createServer((request, response) => {
  const url = new URL(request.url, "http://127.0.0.1");
  if (request.method !== "POST" || url.pathname !== "/posts") {
    response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": 2 }).end("ok");
    return;
  }
  let body = "";
  request.on("data", (piece) => { body += piece; });
  request.on("end", () => {
    const topic = url.searchParams.get("topic");
    const head = `<article data-client="${new URLSearchParams(body).get("client_id")}">`;
    const html = head + "x".repeat(Math.max(0, Number(url.searchParams.get("bytes")) - head.length));
    number += 1;
    io.to(topic).emit("items", { topic, items: [{ seq: number, html }] });
    response.writeHead(201, { "Content-Type": "text/html", "Content-Length": Buffer.byteLength(html) }).end(html);
  });
});

const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false });
io.on("connection", (socket) => {
  socket.on("watch", ({ topic }, answer) => {
    socket.join(topic);
    answer({ ok: true });
  });
});
http.listen(Number(process.argv[2]), "127.0.0.1");
