terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
resource "aws_lb" "l" {
  subnets = ["subnet-1"]
}
resource "aws_db_instance" "d" {
  instance_class = "db.t3.micro"
  engine = "postgres"
  username = "u"
  password = "passpass"
  allocated_storage = 10
  publicly_accessible = true
  storage_encrypted = true
}
