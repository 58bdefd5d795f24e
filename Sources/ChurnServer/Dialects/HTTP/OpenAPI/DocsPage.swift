/// The page at /docs: lists the routes of /openapi.json, and tries them. It loads nothing from elsewhere.
package enum DocsPage {
    package static let html = #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:">
        <link rel="icon" href="data:,">
        <title>Customer Churn Prediction API</title>
        <style>
        :root { color-scheme: light dark; --text: #1c2024; --faint: #5a6068; --page: #ffffff; --card: #f5f6f8;
          --line: #d5d9de; --get: #0b5cad; --post: #1a6b37; --bad: #b3261e; --field: #ffffff; }
        @media (prefers-color-scheme: dark) { :root { --text: #e8eaed; --faint: #a8afb8; --page: #15171a; --card: #1f2226;
          --line: #3a3f46; --get: #7ab8ff; --post: #78d498; --bad: #ff9d94; --field: #15171a; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text);
          background: var(--page); }
        h1 { font-size: 1.5rem; margin: .5rem 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; text-transform: capitalize; }
        p { margin: .5rem 0; } a { color: var(--get); }
        code, pre, textarea { font: .875rem/1.45 ui-monospace, monospace; }
        details { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; }
        summary { padding: .75rem 1rem; cursor: pointer; overflow-wrap: anywhere; }
        .method { display: inline-block; min-width: 3.2rem; margin-right: .5rem; font-weight: 700; color: var(--get); }
        .method.post { color: var(--post); }
        .about { display: block; color: var(--faint); }
        form { padding: 0 1rem 1rem; }
        label { display: block; margin: .75rem 0 .25rem; font-weight: 600; }
        .hint { font-weight: 400; color: var(--faint); }
        input, select, textarea { width: 100%; padding: .5rem; color: var(--text); background: var(--field);
          border: 1px solid var(--faint); border-radius: .375rem; font-size: 1rem; }
        textarea { min-height: 6rem; font-size: .875rem; }
        button { margin-top: 1rem; padding: .6rem 1.2rem; font: inherit; font-weight: 600; color: var(--page);
          background: var(--get); border: 0; border-radius: .375rem; cursor: pointer; }
        :focus-visible { outline: 3px solid var(--get); outline-offset: 2px; }
        pre { margin: 1rem 0 0; padding: .75rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere;
          background: var(--field); border: 1px solid var(--line); border-radius: .375rem; max-height: 24rem; }
        .status { margin: 1rem 0 0; font-weight: 700; } .bad { color: var(--bad); }
        table { border-collapse: collapse; width: 100%; margin-top: 1rem; font-size: .9rem; }
        th, td { text-align: left; padding: .25rem .5rem .25rem 0; border-top: 1px solid var(--line); vertical-align: top; }
        </style>
        </head>
        <body>
        <main>
        <h1>Customer Churn Prediction API</h1>
        <p id="about">Loading the description ...</p>
        <p><a href="openapi.json">openapi.json</a></p>
        <div id="routes"></div>
        </main>
        <script>
        "use strict";
        const make = (name, fields = {}, ...children) => {
          const element = Object.assign(document.createElement(name), fields);
          element.append(...children);
          return element;
        };
        const field = (id, text, hint, input) => {
          input.id = id;
          return [make("label", { htmlFor: id }, text + " ", make("span", { className: "hint" }, hint)), input];
        };
        const inputFor = parameter => {
          const schema = parameter.schema;
          const choices = schema.type === "boolean" ? ["true", "false"] : schema.enum;
          if (choices) return make("select", {}, ...["", ...choices].map(value => make("option", { value }, value || "(none)")));
          return make("input", { value: schema.example ?? "", required: parameter.required, autocomplete: "off",
            inputMode: schema.type === "integer" ? "numeric" : "text" });
        };
        async function call(path, method, operation, inputs, body, output) {
          let target = path;
          const query = new URLSearchParams();
          for (const [parameter, input] of inputs) {
            if (input.value === "") continue;
            if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
            else query.set(parameter.name, input.value);
          }
          if ([...query].length) target += `?${query}`;
          const options = { method: method.toUpperCase() };
          if (body) Object.assign(options, { body: body.value, headers: { "content-type": "application/json" } });
          const curl = `curl ${body ? `-H 'content-type: application/json' -d '${body.value.replaceAll("'", "'\\''")}' ` : ""}`
            + `'${location.origin}${target}'`;
          try {
            const began = performance.now();
            const answer = await fetch(target.slice(1) ? target : "/", options);
            const text = await answer.text();
            const took = performance.now() - began;
            let shown = text;
            // Reformatted only when no number would change by it.
            try { if (!/[0-9]{16}/.test(text)) shown = JSON.stringify(JSON.parse(text), null, 2); } catch { shown = text; }
            output.replaceChildren(
              make("p", { className: answer.ok ? "status" : "status bad" },
                `${answer.status} ${answer.statusText}, ${answer.headers.get("content-type") ?? "no content"}, ${took.toFixed(1)} ms`),
              make("pre", { tabIndex: 0 }, shown.slice(0, 100000)), make("pre", { tabIndex: 0 }, curl));
          } catch (error) {
            output.replaceChildren(make("p", { className: "status bad" }, `No answer: ${error.message}`));
          }
        }
        function card(path, method, operation) {
          const inputs = (operation.parameters ?? []).map(parameter => [parameter, inputFor(parameter)]);
          const form = make("form", { noValidate: false });
          for (const [parameter, input] of inputs)
            form.append(...field(`${operation.operationId}-${parameter.name}`, parameter.name, parameter.description, input));
          let body;
          if (operation.requestBody) {
            const content = operation.requestBody.content["application/json"];
            body = make("textarea", { value: JSON.stringify(content.example, null, 2), spellcheck: false });
            form.append(...field(`${operation.operationId}-body`, "Body", "application/json", body));
          }
          const output = make("div", { role: "status" });
          const rows = Object.entries(operation.responses).map(([status, response]) =>
            make("tr", {}, make("th", { scope: "row" }, status), make("td", {}, response.description)));
          form.append(make("button", { type: "submit" }, "Send"), output, make("table", {}, make("tbody", {}, ...rows)));
          form.addEventListener("submit", event => {
            event.preventDefault();
            call(path, method, operation, inputs, body, output);
          });
          return make("details", { id: operation.operationId },
            make("summary", {}, make("span", { className: `method ${method}` }, method.toUpperCase()), make("code", {}, path),
              make("span", { className: "about" }, operation.summary)), form);
        }
        fetch("openapi.json").then(answer => answer.json()).then(description => {
          document.getElementById("about").textContent = description.info.description + " Version " + description.info.version + ".";
          const routes = document.getElementById("routes");
          for (const { name } of description.tags) {
            routes.append(make("h2", {}, name));
            for (const [path, operations] of Object.entries(description.paths))
              for (const [method, operation] of Object.entries(operations))
                if (operation.tags.includes(name)) routes.append(card(path, method, operation));
          }
          if (location.hash) document.getElementById(location.hash.slice(1))?.setAttribute("open", "");
        }).catch(error => { document.getElementById("about").textContent = "The description cannot be read: " + error.message; });
        </script>
        </body>
        </html>

        """#
}
