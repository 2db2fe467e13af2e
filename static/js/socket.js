/**
 * The page's one socket. WebSocket first: it carries most with least. Where something between refuses it or lets it open and
 * carries nothing, the next attempt begins with long polling, and goes over to WebSocket only once that has answered.
 */
import { io } from "socket.io-client";

/** @param {object} [options] of socket.io, besides */
export function openSocket(options = {}) {
  const socket = io({ transports: ["websocket", "polling"], tryAllTransports: true, reconnectionDelayMax: 15_000, ...options });
  socket.io.on("error", () => { socket.io.opts.transports = ["polling", "websocket"]; });
  return socket;
}
