// A softphone in a page: JsSIP signals over WSS, the browser does the media. Driven by the tests from outside.
import JsSIP from "jssip";

const MICROPHONE = {echoCancellation: false, noiseSuppression: false, autoGainControl: false};
const MEDIA = {mediaConstraints: {audio: MICROPHONE, video: false}, pcConfig: {iceServers: []}};

const phone = {ua: null, session: null, events: [], heard: [], rate: 0};
window.phone = phone;

function note(kind, detail = "") {
  phone.events.push({kind, detail: String(detail)});
}

// What comes out of the loudspeaker, sample by sample.
function record(stream) {
  const audio = new AudioContext({sampleRate: 8000});
  phone.rate = audio.sampleRate;
  const source = audio.createMediaStreamSource(stream);
  const tap = audio.createScriptProcessor(1024, 1, 1);
  tap.onaudioprocess = (event) => phone.heard.push(new Float32Array(event.inputBuffer.getChannelData(0)));
  source.connect(tap);
  tap.connect(audio.destination);
  // Chromium gives a remote track to Web Audio only while an element plays it.
  const element = new Audio();
  element.srcObject = stream;
  element.muted = true;
  element.play();
}

function follow(session) {
  phone.session = session;
  session.on("peerconnection", ({peerconnection}) => listen(peerconnection));
  if (session.connection) listen(session.connection);
  session.on("progress", () => note("progress"));
  session.on("confirmed", () => note("confirmed"));
  session.on("hold", (event) => note("hold", event.originator));
  session.on("ended", (event) => note("ended", event.cause));
  session.on("failed", (event) => note("failed", `${event.cause} ${event.message?.status_code ?? ""}`));
}

function listen(connection) {
  connection.addEventListener("track", (event) => {
    note("track");
    record(event.streams[0] ?? new MediaStream([event.track]));
  });
  connection.addEventListener("connectionstatechange", () => note("media", connection.connectionState));
}

phone.start = (url, user, password, domain) => {
  JsSIP.debug.disable();
  phone.ua = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(url)],
    uri: `sip:${user}@${domain}`,
    authorization_user: user,
    password,
    register_expires: 120,
    session_timers: false,
  });
  phone.ua.on("connected", () => note("connected"));
  phone.ua.on("disconnected", (event) => note("disconnected", event?.reason ?? ""));
  phone.ua.on("registered", () => note("registered"));
  phone.ua.on("registrationFailed", (event) => note("registrationFailed", event.cause));
  phone.ua.on("newRTCSession", ({originator, session}) => {
    follow(session);
    if (originator === "remote") note("incoming", session.remote_identity.uri.user);
  });
  phone.ua.start();
};
phone.call = (target) => { phone.ua.call(target, MEDIA); };
phone.answer = () => { phone.session.answer(MEDIA); };
phone.key = (digit) => { phone.session.sendDTMF(digit, {transportType: "RFC2833"}); };
phone.hold = () => { phone.session.hold(); };
phone.resume = () => { phone.session.unhold(); };
phone.hangUp = () => { phone.session.terminate(); };
phone.stop = () => { phone.ua.stop(); };

// Float32 samples as base64, which is all that crosses to the tests.
phone.recording = () => {
  const all = new Float32Array(phone.heard.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of phone.heard) { all.set(part, at); at += part.length; }
  const bytes = new Uint8Array(all.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return {rate: phone.rate, samples: btoa(text)};
};
