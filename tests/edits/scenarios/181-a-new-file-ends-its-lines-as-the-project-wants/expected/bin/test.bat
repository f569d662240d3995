@echo off
make test
