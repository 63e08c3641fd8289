// Requests to the server. What goes wrong is an Error whose message is a sentence for the user.

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer; is it still running?");
  }
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(content.error || `The server answered ${answer.status}.`);
  return content;
}

const send = (path, value) =>
  ask(path, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(value)});

export const info = () => ask("/api/info");
export const photos = (start, count, words) => ask(`/api/images?${new URLSearchParams({start, count, words})}`);
export const search = (image, text, k) => send("/api/search", {image, text, k});
export const explain = (image, text, index) => send("/api/explain", {image, text, index});
export const judge = (judgement) => send("/api/feedback", judgement);
export const upload = (file) => ask("/api/uploads", {method: "POST", headers: {"Content-Type": file.type}, body: file});
