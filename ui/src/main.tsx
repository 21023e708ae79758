import { render } from "preact";
import { findSession } from "./api/session";
import { App } from "./app";
import { followLinks } from "./lib/router";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/components.css";
import "./styles/pages.css";
import "./styles/metrics.css";
import "./styles/configuration.css";
import "./styles/recipe-type.css";
import "./styles/forms.css";
import "./styles/map.css";

const root = document.getElementById("app") as HTMLElement;
followLinks(root);
void findSession();
render(<App />, root);
