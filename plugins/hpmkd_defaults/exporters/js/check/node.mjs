/** Answer the rows of a file by the module beside this one: node node.mjs < rows > answers */
import { readFileSync } from "node:fs";
import { answers } from "./answers.mjs";
import student from "./student.mjs";

process.stdout.write(JSON.stringify(answers(student, JSON.parse(readFileSync(0, "utf-8")))));
