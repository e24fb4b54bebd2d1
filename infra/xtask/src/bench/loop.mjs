import http from "node:http";

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, agent, method, path }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () => resolve({ text, headers: response.headers }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

for (;;) {
  const event = await call("GET", "/2018-06-01/runtime/invocation/next");
  JSON.parse(event.text);
  const id = event.headers["lambda-runtime-aws-request-id"];
  const answer = JSON.stringify({ statusCode: 200, body: "hello" });
  await call("POST", `/2018-06-01/runtime/invocation/${id}/response`, answer);
}
